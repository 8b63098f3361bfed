package a;

class A {
  String a = "\u00e4";
}
