const a = 1;
/// the other page
f(a);
