package a

func f() (x int) {
	return /* a */ 1
}
