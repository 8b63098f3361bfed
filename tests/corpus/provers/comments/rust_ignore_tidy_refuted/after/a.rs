fn a() {}

// ignore-tidy-linelength since it is long
fn f() {}
