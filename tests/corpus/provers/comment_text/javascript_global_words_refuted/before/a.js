let a;
/* one */
/* global window
 * document of it
 */
f(a);
