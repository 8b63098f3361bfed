package a

// F gives the rows.
func F() int { return 1 }
