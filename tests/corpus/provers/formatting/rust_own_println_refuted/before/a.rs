macro_rules! println {
    ($($x:tt)*) => { stringify!($($x)*) };
}
fn f() {
    println!(a+b);
}
