x = "ab" 
