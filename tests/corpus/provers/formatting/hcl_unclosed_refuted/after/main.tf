a {
  b = 1

