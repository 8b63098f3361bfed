from enum import StrEnum


class Color(StrEnum):
    """A color that is recieved."""

    RED = "red"
