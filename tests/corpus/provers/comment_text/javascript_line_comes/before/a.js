const a = 1;
f(a);
