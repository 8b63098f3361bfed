const a = 1;
// @ts-ignore
f(a);
