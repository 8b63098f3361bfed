let a = b as T
(c)
