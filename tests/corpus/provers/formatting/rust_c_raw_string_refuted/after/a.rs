fn f() {
    m!(cr"\", "");
    let a = 1;
}
