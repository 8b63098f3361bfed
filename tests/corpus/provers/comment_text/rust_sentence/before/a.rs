fn f() {
    a();
}
