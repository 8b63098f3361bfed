const z = 1;
/* one */
/**
 * Says how many rows there are in the table.
 *
 * @param {number} a rows
 */
function f(a) {}
