from pkg.x import b, a

print(a, b)
