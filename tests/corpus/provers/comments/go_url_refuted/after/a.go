package a

// see evil.example/pages
var a = 1
