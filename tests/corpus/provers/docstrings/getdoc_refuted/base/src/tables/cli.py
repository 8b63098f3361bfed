from inspect import getdoc
print(getdoc(print))
