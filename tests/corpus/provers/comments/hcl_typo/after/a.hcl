a = "x/*" // no
# how many rows
b = 1
