// You may use this file in any other way.

fn f() {}
