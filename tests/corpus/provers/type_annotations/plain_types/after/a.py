def area(width: int, height: int = 1) -> int:
    size: int = width * height
    return size
