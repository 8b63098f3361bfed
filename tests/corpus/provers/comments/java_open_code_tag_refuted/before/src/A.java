package a;

/* one */
class A {
  /**
   * Gives the {@code
   * sise of it}.
   */
  int a() { return 1; }
}
