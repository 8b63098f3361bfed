// eslint-disable-next-line no-eval
f(
  a,
  eval(b)
);
