const a = 1;
// the lenght of the row
f(a);
