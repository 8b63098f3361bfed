package a;

/* one */
class A {
  /**
   * Gives the {@code
   * size of it}.
   */
  int a() { return 1; }
}
