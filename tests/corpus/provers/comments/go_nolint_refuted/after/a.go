package a

//nolint:gosec
var a = 1
