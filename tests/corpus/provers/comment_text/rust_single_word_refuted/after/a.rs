// unchecked
fn a() {}
