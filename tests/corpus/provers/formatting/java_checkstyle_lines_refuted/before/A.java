class A {
  // SUPPRESS CHECKSTYLE Naming FOR 2 LINES
  int A_b;
  int c;
  int D_e;
}
