f(
  a,  # noqa
  b)
