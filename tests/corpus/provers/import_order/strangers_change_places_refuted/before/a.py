import zapp
import hard

print(zapp, hard)
