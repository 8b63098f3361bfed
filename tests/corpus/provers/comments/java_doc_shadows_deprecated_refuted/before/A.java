/* Somebody wrote this. */
package a;

class A {
  /** @deprecated use b */

  int a;
}
