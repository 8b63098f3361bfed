fn f() {
    say!(a+b);
}
