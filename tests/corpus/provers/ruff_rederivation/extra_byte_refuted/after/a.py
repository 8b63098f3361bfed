x = "a" 
