function f() {
  return /* one
  */ g();
}
