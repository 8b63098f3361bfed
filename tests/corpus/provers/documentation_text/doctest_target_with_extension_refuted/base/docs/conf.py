extensions = ["sphinx.ext.doctest"]
