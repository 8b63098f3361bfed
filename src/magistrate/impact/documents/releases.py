"""Headings of releases in a list of changes: which lines they are, and which version each names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

HEADING: Final = re.compile(
    r"(?:#{1,4} +)?\[?(?:[Vv]ersion +|[Rr]elease +)?v?(\d+\.\d+(?:\.\d+){0,2}(?:-?(?:rc|a|b|alpha|beta|dev|pre)[.-]?\d*)?)\]?(?![\w.])"
)
"""A version at the start of a line."""
MAX_HEADING: Final = 200


def releases_in(text: str) -> Iterator[tuple[int, str]]:
    """Line (1-based) and version of every heading: with `#`, or with a line of signs below it."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        found = HEADING.match(line[:MAX_HEADING])
        if found is not None and (line.startswith("#") or _underlined(lines, at)):
            yield at + 1, found[1]


def _underlined(lines: list[str], at: int) -> bool:
    below = lines[at + 1].rstrip() if at + 1 < len(lines) else ""
    return len(below) >= 3 and below[0] in "=-~^*" and not below.strip(below[0])  # noqa: PLR2004  a line of signs
