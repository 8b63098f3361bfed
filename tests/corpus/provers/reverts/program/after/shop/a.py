def colour():
    return "blue"
