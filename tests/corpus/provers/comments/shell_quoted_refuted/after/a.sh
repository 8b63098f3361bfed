a '
# how many rows
b
'
