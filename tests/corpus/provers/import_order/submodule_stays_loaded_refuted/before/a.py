import importlib.util
import os

print(os.sep)
