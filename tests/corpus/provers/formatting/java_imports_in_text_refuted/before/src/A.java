package a;

class A {
  String a = """
import x.C;
import a.b.B;
""";
}
