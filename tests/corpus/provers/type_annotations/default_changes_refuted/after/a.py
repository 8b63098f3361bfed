def f(x: int = 2):
    return x
