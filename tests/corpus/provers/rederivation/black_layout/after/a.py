def f():
    """Says it."""
    return {"a": 1}
