from typing import NamedTuple


class A(NamedTuple):
    x: str = 1
