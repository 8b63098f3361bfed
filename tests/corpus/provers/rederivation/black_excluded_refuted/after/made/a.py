def f():
    """Says it."""
    return {"a": 1}
# x=1
