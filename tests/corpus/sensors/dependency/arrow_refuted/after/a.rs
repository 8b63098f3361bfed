fn f() {
    match x {
        y => 2,
    }
}
