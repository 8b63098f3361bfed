fn f() {
    a(); // numbr of rows
}
