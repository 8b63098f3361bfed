/* Somebody wrote this. */
package a;

class A {
  /** The sizze of a row. */
  int size;
}
