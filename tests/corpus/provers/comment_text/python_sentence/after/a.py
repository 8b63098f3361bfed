# Get the rows of the table.
x = 1
