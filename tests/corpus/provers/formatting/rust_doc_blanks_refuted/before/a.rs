/// a  row
fn f() {}
