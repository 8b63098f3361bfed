# get rows
x = 1
