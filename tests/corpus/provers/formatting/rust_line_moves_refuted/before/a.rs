fn f() -> u32 {
    let x=1;
    line!()
}
