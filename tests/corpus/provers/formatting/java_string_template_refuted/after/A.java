class A {
  String s = STR."a \{x}";
}
