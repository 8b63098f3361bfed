/* Somebody wrote this. */
package a;

class A {
  void f(int x) {
    switch (x) {
      case 1:
        a();
        // falls through
      case 2:
        b();
    }
  }
}
