# rows of it
x = 2
