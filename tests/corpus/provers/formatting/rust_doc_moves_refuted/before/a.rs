struct A {
    /// a row
    a: u8,
    b: u8,
}
