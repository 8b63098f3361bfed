/* Somebody wrote this. */
package a;

class A {
  /** @deprecated use b */

  /** The size of a row. */
  int a;
}
