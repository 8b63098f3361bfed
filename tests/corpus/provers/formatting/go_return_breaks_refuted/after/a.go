package a

func f() (x int) {
	x = 1
	return
	x
}
