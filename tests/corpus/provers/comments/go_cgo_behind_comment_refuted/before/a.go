package a

// the sise of it
import /* b */ "C"
