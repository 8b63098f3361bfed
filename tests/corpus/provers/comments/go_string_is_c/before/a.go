package a

import "x"

// the sise of it
var a = x.Y("C")
