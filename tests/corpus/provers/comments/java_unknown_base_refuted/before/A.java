/* Somebody wrote this. */
package a;

class A {
  int x = 1; // numbr of rows
}
