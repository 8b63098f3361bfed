package a

type T struct {
	A int // one row
	Long string // two rows
}
