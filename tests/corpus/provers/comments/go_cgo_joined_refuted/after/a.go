package a

import (
	// int x;
	"C"
)

// the lines of it
var a = 1
