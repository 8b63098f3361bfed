package a

import (
	"x"; _ "C"
)

// the sise of it
var b = 1
