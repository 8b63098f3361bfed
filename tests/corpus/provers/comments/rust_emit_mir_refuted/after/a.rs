fn a() {}

// EMIT_MIR simplify_match
fn f() {}
