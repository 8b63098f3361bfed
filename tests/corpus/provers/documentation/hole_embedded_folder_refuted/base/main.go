//go:embed docs
var s string
