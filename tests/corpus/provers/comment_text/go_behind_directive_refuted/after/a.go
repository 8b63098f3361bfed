package a

// nolint:gosec for the next line
// These are the rows of a table.
var x = 1
