package a

func ExampleF() {
	F()
	// Output:
	// two rows
}
