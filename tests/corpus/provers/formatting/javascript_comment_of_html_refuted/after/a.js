const x = a <!--b;
f(x);
