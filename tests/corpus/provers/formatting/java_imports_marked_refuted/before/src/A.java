package a;

import x.C; // NOSONAR
import a.b.B;

/** A row. */
class A {
  B b;
  C c;
}
