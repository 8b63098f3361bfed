package a

// the rows of it
import "C"
