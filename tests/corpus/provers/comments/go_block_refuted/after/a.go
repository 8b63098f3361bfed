package a

/* the row */
var a = 1
