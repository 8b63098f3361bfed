x = a or \
    b
