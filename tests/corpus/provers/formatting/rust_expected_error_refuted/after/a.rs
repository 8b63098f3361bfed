fn f() {
    a(); b();
    //~^^ ERROR mismatched types
}
