package a

// the lines of it
import "C"
