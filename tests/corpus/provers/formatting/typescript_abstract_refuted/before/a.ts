abstract class A {}
