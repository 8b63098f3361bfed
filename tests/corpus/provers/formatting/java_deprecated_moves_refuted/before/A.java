class A {
  /** @deprecated gone */
  int a;
  int b;
}
