package a

// +build ignore
var a = 1
