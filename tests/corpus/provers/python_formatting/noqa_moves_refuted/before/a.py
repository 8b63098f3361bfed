f(a,  # noqa
  b)
