package a;

class A {
  int x = 1; // number of rows
}
