let a: T = 1;
