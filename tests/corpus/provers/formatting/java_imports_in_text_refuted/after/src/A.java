package a;

class A {
  String a = """
import a.b.B;
import x.C;
""";
}
