fn f() {
    m!(k#x);
    let a=1;
}
