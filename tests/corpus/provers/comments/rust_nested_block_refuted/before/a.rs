fn f() {
    /* a row */ a();
}
