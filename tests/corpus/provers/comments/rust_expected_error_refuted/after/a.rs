fn f() {
    a(); //~ WARN mismatched types
}
