function f(...a) {}
