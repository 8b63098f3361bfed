if x:
    f()
g()
