#[allow(unsafe_code)]
fn f() {}
