package a

// F gives the rows.
// They are counted from one.
func F() int { return 1 }
