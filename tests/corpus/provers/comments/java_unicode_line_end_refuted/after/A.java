/* Somebody wrote this. */
package a;

class A {
  // the size \u000a int y; //
  int x;
}
