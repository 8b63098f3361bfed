package a;

import x.*;
import a.b.B;

/** A row. */
class A {
  B b;
  C c;
}
