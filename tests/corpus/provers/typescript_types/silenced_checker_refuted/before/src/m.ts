let a: T = g();
