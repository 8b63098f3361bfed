x = __import__(a)
