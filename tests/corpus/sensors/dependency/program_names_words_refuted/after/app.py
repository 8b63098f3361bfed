dependencies = load()
print(2)
