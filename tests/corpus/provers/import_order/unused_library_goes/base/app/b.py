from app import a

print(a)
