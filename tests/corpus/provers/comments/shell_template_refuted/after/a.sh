a {{ x -}}
# how many rows
b
