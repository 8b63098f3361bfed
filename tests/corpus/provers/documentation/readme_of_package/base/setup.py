with open("README.md") as f:
    text = f.read()
setup(long_description=text)
