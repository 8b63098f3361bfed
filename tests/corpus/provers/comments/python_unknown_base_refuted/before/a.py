# Teh rows of the table.
x = 1
