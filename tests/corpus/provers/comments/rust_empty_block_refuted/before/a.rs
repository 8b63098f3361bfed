fn f() {
    if a() {
    }
}
