a \
  b
