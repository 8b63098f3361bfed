a = 1 /* x
# how many rows
*/ b = 2
