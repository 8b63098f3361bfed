//@ edition:2018
fn f() {}
