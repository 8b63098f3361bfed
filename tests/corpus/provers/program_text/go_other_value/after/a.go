package a

var a = f(2)
