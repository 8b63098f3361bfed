package a

import (
	// int x;
	"C"
)

// the rows of it
var a = 1
