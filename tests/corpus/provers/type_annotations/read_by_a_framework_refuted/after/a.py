def handler_of(x: int):
    return x
