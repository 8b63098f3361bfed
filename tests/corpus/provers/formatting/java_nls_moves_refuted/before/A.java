class A {
  String[] s = {
    "a",
    "b" //$NON-NLS-1$
  };
}
