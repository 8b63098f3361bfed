class A {
  Object o = {{ name }};
  int x;
}
