const a = 1;
// istanbul ignore next
f(a);
