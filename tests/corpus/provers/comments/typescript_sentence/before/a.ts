const a: number = 1; // teh size of the row
f(a);
