/* Somebody wrote this. */
package a;

class A {
  // the size int y; //
  int x;
}
