package a

/* the rows */
var a = 1
