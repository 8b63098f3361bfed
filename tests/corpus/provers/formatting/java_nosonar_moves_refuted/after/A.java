class A {
  int f() { return g(weak()); } // NOSONAR
}
