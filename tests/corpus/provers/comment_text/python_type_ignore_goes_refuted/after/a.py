x: int = f()
