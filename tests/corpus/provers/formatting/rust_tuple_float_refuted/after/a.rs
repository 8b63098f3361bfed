fn f() {
    format!(t.0 .1);
}
