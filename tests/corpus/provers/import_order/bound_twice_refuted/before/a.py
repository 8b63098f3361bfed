from json import loads
from ast import literal_eval as loads

print(loads('1'))
