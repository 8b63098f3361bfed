fn f() {
    println!("{}", say!(a+b));
}
