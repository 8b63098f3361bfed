package a;

import static x.C.d;
import a.b.B;

/** A row. */
class A {
  B b;
  C c;
}
