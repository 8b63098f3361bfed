type A = B
