//@ edition:2021
fn f() {}
