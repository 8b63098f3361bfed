fn f() {
    unsafe { a() }
}
