class A { a: T; }
