fn f() {
    // SAFETY: the row is there,
    // since it was counted,
    // and since it stays.
    unsafe { a() }
}
