@d
class A { m(a: T) {} }
