package a;

import x.C;
import a.b.B;

/** A row. */
class A {
  B b;
  C c;
}
