let a;
/* one */
/* global window
 * location of it
 */
f(a);
