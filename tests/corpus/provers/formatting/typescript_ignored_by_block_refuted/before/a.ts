/** @ts-ignore */
f(
  a,
  b.c
);
