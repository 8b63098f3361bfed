fn f() {
    if a() {
        // nothing is lost here
    }
}
