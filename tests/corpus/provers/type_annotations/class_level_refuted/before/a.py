from typing import NamedTuple


class A(NamedTuple):
    x: int = 1
