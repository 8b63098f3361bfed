import hard
import zapp

print(zapp, hard)
