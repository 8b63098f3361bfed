from app.a import json

print(json)
