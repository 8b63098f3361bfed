class A {
  get
  *a() {}
}
