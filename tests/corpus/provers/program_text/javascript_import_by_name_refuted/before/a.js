const x = f(a);
