class A {
  // \u000a int x=1;
  int y = 2;
}
