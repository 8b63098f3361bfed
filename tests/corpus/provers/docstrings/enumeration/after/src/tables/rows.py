from enum import StrEnum


class Color(StrEnum):
    """A color that is received."""

    RED = "red"
