enum A {
  b,
  c,
}
function f(
  a: [number, string],
  b: B,
): void {}
