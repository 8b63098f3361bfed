#![allow(x)]

// check-pass and so on
fn f() {}
