a "$(b "
# how many rows
c
")"
