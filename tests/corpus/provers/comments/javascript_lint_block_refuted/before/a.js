let a;
/* one */
/* eslint
 * semi words
 */
f(a);
