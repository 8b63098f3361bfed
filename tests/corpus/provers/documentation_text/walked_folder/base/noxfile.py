s.run("sphinx-build", "docs", "out")
