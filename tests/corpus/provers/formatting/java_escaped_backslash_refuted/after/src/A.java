package a;

class A {
  String a = "\u005c\u005c";
}
