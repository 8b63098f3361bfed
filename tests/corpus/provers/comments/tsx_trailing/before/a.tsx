const a = <b // teh first row
  c="d"/>;
f(a); // the secnd row
