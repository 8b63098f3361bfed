enum A { B = 1 }
