package a

func ExampleF() {
	F()
	// Output:
	// one row
}
