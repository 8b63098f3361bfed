package a

// the lines of it
var a = 2
