struct A {
    a: u8,
    /// a row
    b: u8,
}
