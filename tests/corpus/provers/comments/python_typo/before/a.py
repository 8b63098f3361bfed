x = 1  # numbr of rows
