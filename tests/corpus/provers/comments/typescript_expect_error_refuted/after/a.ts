const a = 1;
// @ts-expect-error the size of it
f(a);
