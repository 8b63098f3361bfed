switch (a) {
  case 1: f();
  // falls through
  case 2: g();
}
