# rows
x = 1
