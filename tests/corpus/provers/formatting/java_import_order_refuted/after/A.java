import a.C;
import a.B;

class A {}
