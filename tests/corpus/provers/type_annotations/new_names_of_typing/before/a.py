import os
from typing import List


def names(path, seen: List):
    return os.listdir(path)
