/* Somebody wrote this. */
package a;

class A {
  int x = weak(); // size of it
}
