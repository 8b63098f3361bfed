/* c8 ignore next 2 */
f(a);
g(b);
h(c);
