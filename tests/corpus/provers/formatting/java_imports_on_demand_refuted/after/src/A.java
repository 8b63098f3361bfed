package a;

import a.b.B;
import x.*;

/** A row. */
class A {
  B b;
  C c;
}
