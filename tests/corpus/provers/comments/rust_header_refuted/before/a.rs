// You may use this file in the following way.

fn f() {}
