z
a
