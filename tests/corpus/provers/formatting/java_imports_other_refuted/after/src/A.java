package a;

import a.c.B;
import x.C;

/** A row. */
class A {
  B b;
  C c;
}
