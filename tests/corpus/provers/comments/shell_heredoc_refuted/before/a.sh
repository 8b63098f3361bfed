a <<X
b
X
