text = open("docs/a.md").read()
