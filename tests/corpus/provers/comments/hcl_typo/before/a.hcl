a = "x/*" // no
# how many rwos
b = 1
