const a = 1;
// some words here
f(a);
