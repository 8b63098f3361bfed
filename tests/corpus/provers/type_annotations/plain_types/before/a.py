def area(width, height=1):
    size = width * height
    return size
