package a;

class A {
    /**
     * The size of a row.
     *
     * @return the size
     */
    int size() {
        return 1;
    }
}
