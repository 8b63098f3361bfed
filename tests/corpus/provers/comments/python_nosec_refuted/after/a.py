f(x)  # nosec
