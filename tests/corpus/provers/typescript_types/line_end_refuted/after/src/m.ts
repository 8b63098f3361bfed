let a = b
(c)
