class A {
  void f() {
    //noinspection ResultOfMethodCallIgnored
    a(); b();
  }
}
