package a

import (
	"x"; _ "C"
)

// the size of it
var b = 1
