const x = f(2);
