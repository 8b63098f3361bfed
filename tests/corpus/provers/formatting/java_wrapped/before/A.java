package a;

class A {
  List<List<String>> x = of(one(), two(), """
      a
      """);
}
