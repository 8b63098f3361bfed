const z = 1;
/* one */
/**
 * Says how many rows thier are.
 *
 * @param {number} a rows
 */
function f(a) {}
