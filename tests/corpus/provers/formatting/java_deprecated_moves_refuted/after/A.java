class A {
  int a;
  /** @deprecated gone */
  int b;
}
