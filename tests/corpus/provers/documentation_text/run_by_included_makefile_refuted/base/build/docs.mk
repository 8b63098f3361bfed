docs:
	sh docs/install.md
