package a

// see the pages
var a = 1
