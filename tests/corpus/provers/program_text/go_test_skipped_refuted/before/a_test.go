package a

func TestA(t *testing.T) {
	f()
}
