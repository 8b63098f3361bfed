package a

var s = `a  b`
