# start it upimport os
x = 1
