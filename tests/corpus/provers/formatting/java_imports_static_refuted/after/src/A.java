package a;

import a.b.B;
import static x.C.d;

/** A row. */
class A {
  B b;
  C c;
}
