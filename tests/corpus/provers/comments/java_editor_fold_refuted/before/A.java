/* Somebody wrote this. */
package a;

class A {
  // the size of it
  int x;
}
