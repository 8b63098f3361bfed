import a.B;
import a.C;

class A {}
