const a = <b // teh first row
  c="d"/>;
f(a); // teh other row
