package a

// #nosec
var a = f()
