const a = <b // the first row
  c="d"/>;
f(a); // the other row
