def total(a, b):
    return b + a
