extensions = ["sphinx.ext." + name for name in ["doctest"]]
