class A {
  set b(c: number) {}
}
