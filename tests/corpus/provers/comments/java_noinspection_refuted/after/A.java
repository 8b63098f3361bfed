/* Somebody wrote this. */
package a;

class A {
  // noinspection SuspiciousSizes
  int x = weak();
}
