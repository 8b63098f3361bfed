long = open("CHANGES").read()
