if (a) {
  b();
} else if (c) {
  d();
} else {
  try {
    e();
  } catch (x) {
    f();
  }
}
