class A {
  /* NOPMD weak */
  int f() { return g(weak()); }
}
