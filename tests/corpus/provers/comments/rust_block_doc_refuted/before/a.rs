fn a() {}
/**
 * The sizze of a row.
 */
fn f() {}
