const z = 1;
/* one */
/**
 * Counts rows.
 * @example
 * count the columns
 */
function f(a) {}
