const a: number = 1; // the size of the row
f(a);
