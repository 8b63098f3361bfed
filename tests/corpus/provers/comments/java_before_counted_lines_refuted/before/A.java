/* Somebody wrote this. */
package a;

class A {
  // SUPPRESS CHECKSTYLE Naming FOR 2 LINES
  int A_b;
  int D_e;
}
