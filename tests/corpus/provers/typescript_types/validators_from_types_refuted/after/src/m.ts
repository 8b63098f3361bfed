let a: U = 1;
