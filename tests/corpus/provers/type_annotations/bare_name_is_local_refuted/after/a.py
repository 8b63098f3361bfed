LIMIT = 1


def f():
    LIMIT: int
    return LIMIT
