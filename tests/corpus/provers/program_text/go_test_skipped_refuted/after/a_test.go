package a

func TestA(t *testing.T) {
	t.Skip()
	f()
}
