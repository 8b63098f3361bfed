// @ts-ignore
let a: U = g();
