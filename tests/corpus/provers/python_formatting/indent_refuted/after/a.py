if x:
    f()
    g()
