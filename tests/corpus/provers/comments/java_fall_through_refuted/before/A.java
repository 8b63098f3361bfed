/* Somebody wrote this. */
package a;

class A {
  void f(int x) {
    switch (x) {
      case 1:
        a();
      case 2:
        b();
    }
  }
}
