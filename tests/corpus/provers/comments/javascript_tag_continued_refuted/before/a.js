const z = 1;
/* one */
/**
 * Counts rows.
 * @example
 * count the rows
 */
function f(a) {}
