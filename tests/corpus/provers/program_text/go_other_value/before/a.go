package a

var a = f(1)
