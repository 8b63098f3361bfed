#[rule(a => b)]
fn f() {}
