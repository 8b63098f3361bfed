import json
import app.b

print(json, app)
