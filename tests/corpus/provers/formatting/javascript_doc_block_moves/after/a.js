let z = 0;
/* a block */
class A {
  /**
   * Says it.
   * @returns {number} one
   */
  f() { return 1; }
}
