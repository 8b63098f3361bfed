a = "b c"
