import re
text = open('README.md').read()
v = re.search('x', text)[0]
setup(version=v, long_description=text)
