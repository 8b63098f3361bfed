class A { constructor(a: T) {} }
