/// The sizze of a row.
fn f() {}
