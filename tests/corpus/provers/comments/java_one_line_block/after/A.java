/* Somebody wrote this. */
package a;

class A {
  /** The size of a row. */
  int size;
}
