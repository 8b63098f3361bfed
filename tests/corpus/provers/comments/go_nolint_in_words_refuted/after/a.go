package a

// nolint all of it
var a = 1
