a \ # "
# how many rows
b
c "
