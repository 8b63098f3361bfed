fn f() {
    match x {
        1 => 2,
    }
}
