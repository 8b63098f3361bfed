a = b > = c
