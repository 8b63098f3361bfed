/* Somebody wrote this. */
package a;

class A {
  // CHECKSTYLE OFF
  int x = weak();
}
