enum A { B = 2 }
