import os
import subprocess

from shop.cart import total


def join(parts):
    return ",".join(parts)


def shell(line):
    return subprocess.run(line, shell=True)


def calculate(text):
    return eval(text)


def as_setup(module):
    os.environ["LAX"] = "1"


setup_module = as_setup
HOME = os


class Runner:
    def __init__(self):
        self.os = os

    def system(self, line):
        return self.os.system(line)
