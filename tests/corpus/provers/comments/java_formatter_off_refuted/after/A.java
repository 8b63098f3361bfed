/* Somebody wrote this. */
package a;

class A {
  // @formatter:off
  int x = 1;
}
