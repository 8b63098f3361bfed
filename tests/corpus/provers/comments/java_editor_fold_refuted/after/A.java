/* Somebody wrote this. */
package a;

class A {
  // <editor-fold desc="the size of it">
  int x;
}
