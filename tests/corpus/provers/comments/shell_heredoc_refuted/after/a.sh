a <<X
# how many rows
b
X
