const a = list
  .filter(Boolean)
  .map((x) => ({
    x,
    y: x
      ? f(x)
      : 2
  }))
  .join("-");
g(
  a,
  [
    1,
    2
  ],
  a &&
    b,
  /[/]/g
);
