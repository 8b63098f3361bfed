dependencies = load()
print(1)
