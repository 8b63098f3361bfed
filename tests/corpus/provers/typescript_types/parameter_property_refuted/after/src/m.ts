class A { constructor(private a: T) {} }
