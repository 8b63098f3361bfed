/* Somebody wrote this. */
package a;

class A {
  int x = weak(); // NOSONAR size of it
}
