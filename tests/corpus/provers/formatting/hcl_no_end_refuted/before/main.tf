a = "b"
c = "d"
