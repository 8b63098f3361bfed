class A {
  native int f() /*-{
    return
      1;
  }-*/;
}
