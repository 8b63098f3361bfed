package a

var a = 1 // the nubmer of rows
