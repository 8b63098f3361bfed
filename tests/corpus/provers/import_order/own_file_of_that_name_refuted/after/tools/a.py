import random
import zlib

print(random, zlib)
