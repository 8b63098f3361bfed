# start it up
x = 1
