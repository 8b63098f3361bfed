package a

func f(a, b int) int { return a - -b }
