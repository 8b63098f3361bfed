x = json.loads(a)
