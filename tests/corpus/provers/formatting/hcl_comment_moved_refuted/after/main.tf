a = 1
# why
b = 2
