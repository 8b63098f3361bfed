package a;

import a.b.B; // NOSONAR
import x.C;

/** A row. */
class A {
  B b;
  C c;
}
