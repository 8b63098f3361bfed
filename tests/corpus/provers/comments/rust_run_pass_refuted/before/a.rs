#![allow(x)]

fn f() {}
