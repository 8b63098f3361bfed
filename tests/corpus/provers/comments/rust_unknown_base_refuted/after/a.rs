fn f() {
    a(); // number of rows
}
