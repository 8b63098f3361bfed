/* Somebody wrote this. */
package a;

class A {
  // see the page
  int x;
}
