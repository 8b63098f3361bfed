fn f(x: u8) -> u8 {
    println!("{}", x);
    x + 1
}
