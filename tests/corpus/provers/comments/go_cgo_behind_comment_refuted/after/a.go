package a

// the size of it
import /* b */ "C"
