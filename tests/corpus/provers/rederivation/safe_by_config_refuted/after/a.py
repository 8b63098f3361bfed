x = None
if x is None:
    pass
