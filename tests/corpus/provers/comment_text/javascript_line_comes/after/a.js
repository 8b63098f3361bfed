const a = 1;
// here the rows are counted
f(a);
