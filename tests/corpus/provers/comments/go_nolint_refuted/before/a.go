package a

// the rows of it
var a = 1
