const a = 1;
// @ts-ignore
// the size of the row
f(a);
