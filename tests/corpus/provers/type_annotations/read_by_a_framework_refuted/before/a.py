def handler_of(x):
    return x
