let a;
/* one */
/* global window document */
f(a);
