import sys
import os  # noqa: F401

print(sys)
