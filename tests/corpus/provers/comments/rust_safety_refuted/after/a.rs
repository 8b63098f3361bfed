fn f() {
    // SAFETY: the row is there
    unsafe { a() }
}
