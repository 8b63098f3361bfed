class A {
    // CHECKSTYLE:OFF the rows below
    int a;
}
