x: int = f()  # type: ignore
