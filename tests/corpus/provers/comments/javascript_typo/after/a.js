const a = 1;
// the length of the row
f(a);
