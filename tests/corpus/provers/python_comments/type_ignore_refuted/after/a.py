x = f()  # type: ignore
