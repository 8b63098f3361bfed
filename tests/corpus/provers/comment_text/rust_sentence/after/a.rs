fn f() {
    // Rows are counted from zero.
    a();
}
