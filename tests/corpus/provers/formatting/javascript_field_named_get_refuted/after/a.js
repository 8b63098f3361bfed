class A {
  get *a() {}
}
