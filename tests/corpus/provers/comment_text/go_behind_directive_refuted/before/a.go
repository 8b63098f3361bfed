package a

// nolint:gosec for the next line
var x = 1
