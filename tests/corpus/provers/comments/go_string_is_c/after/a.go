package a

import "x"

// the size of it
var a = x.Y("C")
