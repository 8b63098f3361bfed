"""Readings of texts that several provers, sensors and measures ask for: kept while a change is judged, within bounds.

Rule kept: what is kept depends on the text alone and is changed by nobody; whatever raises is read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

T = TypeVar("T")
LEAST: Final = 4
"""Readings that are kept however large their texts are: both sides of a file, and of another."""


def kept(most: int, size: int) -> Callable[[Callable[[bytes], T]], Callable[[bytes], T]]:
    """Keeps the readings used last: at most `most`, of texts of `size` bytes together, and `LEAST` in any case."""

    def keeping(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
        readings: OrderedDict[bytes, T] = OrderedDict()

        @wraps(read)
        def reading(content: bytes) -> T:
            if content in readings:
                found = readings.pop(content)
                readings[content] = found
                return found
            made = read(content)
            readings[content] = made
            while len(readings) > most or (len(readings) > LEAST and sum(map(len, readings)) > size):
                readings.popitem(last=False)
            return made

        return reading

    return keeping
