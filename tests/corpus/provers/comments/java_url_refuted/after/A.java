/* Somebody wrote this. */
package a;

class A {
  // see https://x.example/page
  int x;
}
