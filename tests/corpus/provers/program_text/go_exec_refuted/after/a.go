package a

var a = exec.Command("true")
