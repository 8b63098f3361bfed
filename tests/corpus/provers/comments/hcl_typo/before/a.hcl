a = "x/*" // no
# how mnay rows
b = 1
