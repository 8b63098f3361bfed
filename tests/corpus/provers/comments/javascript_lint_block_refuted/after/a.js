let a;
/* one */
/* eslint
 * semi other words
 */
f(a);
