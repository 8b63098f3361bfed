// eslint-disable-next-line no-eval
const a = 1
