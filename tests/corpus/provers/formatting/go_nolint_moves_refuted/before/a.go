package a

func f() {
	g() //nolint:errcheck
	h()
}
