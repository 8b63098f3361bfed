@d
class A { m(a: U) {} }
