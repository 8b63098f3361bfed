/// a row
fn f() {}
