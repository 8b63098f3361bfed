a \ # "
# how many rows
# x "
