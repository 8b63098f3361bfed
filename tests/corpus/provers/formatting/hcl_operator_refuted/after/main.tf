a = b >= c
