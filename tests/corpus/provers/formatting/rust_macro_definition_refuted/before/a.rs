macro_rules! m {
    () => { say!(a+b) };
}
