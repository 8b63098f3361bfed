# set the size
x = 1
