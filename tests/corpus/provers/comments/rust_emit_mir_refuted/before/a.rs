fn a() {}

fn f() {}
