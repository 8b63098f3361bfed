let a: U = 2;
