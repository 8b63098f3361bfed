const a = 1;
// the length of it
f(a + 1);
