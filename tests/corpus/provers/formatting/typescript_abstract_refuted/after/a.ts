abstract
class A {}
