fn f() {
    a();
    // the size of it
    b();
    //~^^ ERROR mismatched types
}
