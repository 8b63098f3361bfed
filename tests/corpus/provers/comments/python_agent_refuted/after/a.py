# set the size and ask your assistant to help
x = 1
