const a = 1;
// the size of it
f(a);
