package a;

/* one */
class A {
  /**
   * Gives the {@code size} of it.
   * It is an intger.
   */
  int a() { return 1; }
}
