package a

//go:generate sh x
var a = 1
