fn f() {
    // SAFETY: the row is there,
    // since it was counted,
    // and since it moves.
    unsafe { a() }
}
