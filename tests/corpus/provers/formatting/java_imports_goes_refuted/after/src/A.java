package a;

import a.b.B;

/** A row. */
class A {
  B b;
  C c;
}
