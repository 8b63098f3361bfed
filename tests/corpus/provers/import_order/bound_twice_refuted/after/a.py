from ast import literal_eval as loads
from json import loads

print(loads('1'))
