//! The size of a row.
fn f() {}
