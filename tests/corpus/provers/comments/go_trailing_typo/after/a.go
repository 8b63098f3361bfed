package a

var a = 1 // the number of rows
