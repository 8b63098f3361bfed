package a

//nolint:all
var x = 1
