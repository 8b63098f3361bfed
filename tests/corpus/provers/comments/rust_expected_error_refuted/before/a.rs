fn f() {
    a(); //~ ERROR mismatched types
}
