from pkg.x import a, b

print(a, b)
