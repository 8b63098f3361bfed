text = open('README.md').read()
exec(text)
setup(long_description=text)
