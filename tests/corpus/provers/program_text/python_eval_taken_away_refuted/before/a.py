x = eval(a)
