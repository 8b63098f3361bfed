"""Search inside text that is already redacted; a pattern that cannot run away.

Rule kept (R8): the type of the text says that it was redacted, so a search can never answer the
question whether a secret starts with some letters. Patterns are literal, or a small subset of
RE2: literals, `.`, classes, escapes, anchors and one-step repeats without groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.context.redact import RedactedText
from magistrate.errors import Usage

MAX_PATTERN: Final = 200
MAX_LINE: Final = 4000
MAX_REPEATS: Final = 2
_REPEAT: Final = re.compile(r"(?<!\\)[*+?]|(?<!\\)\{")
_REFUSED: Final = re.compile(r"(?<!\\)[(){}|]|[*+?][*+?]|\\[1-9ABZGPQEpPkgz]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One matching line, 1-based."""

    line: int
    text: str


class Pattern:
    """A compiled pattern; matching is polynomial of low degree on lines cut at 4000 characters."""

    def __init__(self, pattern: str, *, literal: bool = False) -> None:
        """Compile.

        Raises:
            Usage: MAG-E570 for what the subset does not hold.
        """
        if not pattern or len(pattern) > MAX_PATTERN or "\n" in pattern:
            raise Usage("MAG-E570", f"the pattern is empty, holds a line end or is longer than {MAX_PATTERN}")
        if not literal and (_REFUSED.search(pattern) or len(_REPEAT.findall(pattern)) > MAX_REPEATS):
            if re.search(r"\\", pattern):
                raise Usage("MAG-E570", f"the pattern `{pattern[:60]!a}` is outside the simple subset")
            literal = True
        try:
            self._compiled = re.compile(re.escape(pattern) if literal else pattern)
        except re.error as error:
            raise Usage("MAG-E570", f"the pattern `{pattern[:60]!a}` does not compile: {error.msg}") from error

    def lines(self, text: str) -> Iterator[tuple[int, str]]:
        """Matching lines of redacted text with their numbers."""
        for number, line in enumerate(text.split("\n"), 1):
            if self._compiled.search(line, 0, MAX_LINE):
                yield number, line


def search(pattern: Pattern, redacted: RedactedText, *, limit: int) -> tuple[list[Hit], bool]:
    """At most `limit` matching lines, and whether there were more."""
    hits: list[Hit] = []
    for number, line in pattern.lines(redacted.text):
        if len(hits) == limit:
            return hits, True
        hits.append(Hit(line=number, text=line[:MAX_LINE]))
    return hits, False
