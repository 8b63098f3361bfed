def f(x: print('hello')):
    return x
