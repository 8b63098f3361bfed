"""Readings are kept within bounds, and what raises is read again (R26)."""

from __future__ import annotations

import pytest

from magistrate.impact.kept import LEAST, kept


@pytest.mark.requirement("R26")
def test_a_reading_is_made_once_and_kept_within_bounds() -> None:
    asked: list[bytes] = []

    @kept(8, 100)
    def read(content: bytes) -> int:
        asked.append(content)
        return len(content)

    assert [read(b"a"), read(b"a")] == [1, 1]
    assert asked == [b"a"]
    for number in range(8):
        read(b"%d" % number)
    read(b"a")
    assert asked.count(b"a") == 2, "only so many are kept"
    for number in range(LEAST):
        read(b"%d" % number * 90)
    read(b"0" * 90)
    assert asked.count(b"0" * 90) == 1, "both sides of two files are kept however large they are"
    read(b"4" * 90)
    read(b"0" * 90)
    read(b"1" * 90)
    assert asked.count(b"1" * 90) == 2, "only so many bytes are kept"


@pytest.mark.requirement("R26")
def test_what_raises_is_read_again() -> None:
    asked: list[bytes] = []

    @kept(8, 100)
    def read(content: bytes) -> int:
        asked.append(content)
        raise ValueError(content.decode())

    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            read(b"a")
    assert len(asked) == 2
