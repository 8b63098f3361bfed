z = 0
# checkov skip this row
a = 1
