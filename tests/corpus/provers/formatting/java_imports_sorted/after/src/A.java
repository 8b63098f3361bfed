package a;

import a.b.B;

import x.C;

/** A row. */
class A {
  B b;
  C c;
}
