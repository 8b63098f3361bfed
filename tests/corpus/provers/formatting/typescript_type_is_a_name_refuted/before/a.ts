type
A = B
