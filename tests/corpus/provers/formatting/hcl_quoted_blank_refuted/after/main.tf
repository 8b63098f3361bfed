a = "b  c"
