let a;
/* one */
/* global window */
f(a);
