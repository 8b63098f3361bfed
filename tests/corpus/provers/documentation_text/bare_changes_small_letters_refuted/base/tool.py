text = open("docs/changes").read()
