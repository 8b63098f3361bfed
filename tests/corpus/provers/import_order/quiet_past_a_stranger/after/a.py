import json

import zapp

print(json, zapp)
