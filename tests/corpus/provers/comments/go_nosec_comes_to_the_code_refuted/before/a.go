package a

// #nosec
// the first of them
var a = f()
