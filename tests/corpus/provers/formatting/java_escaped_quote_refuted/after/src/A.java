package a;

class A {
  String a = "\u0022 + b + "c";
}
