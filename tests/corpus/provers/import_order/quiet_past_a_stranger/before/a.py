import zapp
import json

print(json, zapp)
