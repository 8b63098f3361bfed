import app.b
import json

print(json, app)
