const a = 1;
// the lenght of it
f(a);
