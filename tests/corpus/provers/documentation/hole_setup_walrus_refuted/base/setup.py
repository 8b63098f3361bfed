setup(long_description=(x := open('README.md').read()), version=x[0])
