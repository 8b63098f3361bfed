/* Somebody wrote this. */
package a;

class A {
  void f() {
    try { a(); } catch (E e) { }
  }
}
