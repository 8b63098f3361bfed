import zlib
import random

print(random, zlib)
