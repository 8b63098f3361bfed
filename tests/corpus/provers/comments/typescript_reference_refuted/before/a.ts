const a = 1;
/// the first page
f(a);
