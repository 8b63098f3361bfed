"""Search inside text that is already redacted; a pattern that cannot run away.

Rule kept (R8): the type of the text says that it was redacted, so a search can never answer the
question whether a secret starts with some letters. Patterns are literal, or a small subset of
RE2: literals, `.`, classes, escapes, anchors and at most two one-step repeats, without groups.
What is outside is refused, never searched for in another meaning than the one written.
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
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_GROUPING: Final = re.compile(r"[(){}|]")
_REPEAT: Final = re.compile(r"[*+?]")
_ESCAPES: Final = frozenset("dDwWsSbBnrtfv")


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
        if not literal:
            _verify_simple(pattern)
        try:
            self._compiled = re.compile(re.escape(pattern) if literal else pattern)
        except re.error as error:
            raise Usage("MAG-E570", f"the pattern `{pattern[:60]!a}` does not compile: {error.msg}") from error

    def lines(self, text: str) -> Iterator[tuple[int, str]]:
        """Matching lines of redacted text with their numbers."""
        for number, line in enumerate(text.split("\n"), 1):
            if self._compiled.search(line, 0, MAX_LINE):
                yield number, line


def _verify_simple(pattern: str) -> None:
    shown = f"the pattern `{pattern[:60]!a}`"
    for letter in _ESCAPE.findall(pattern):
        if letter.isalnum() and letter not in _ESCAPES:
            raise Usage("MAG-E570", f"{shown} holds the escape `{letter!a}`, which is outside the simple subset")
    bare = _ESCAPE.sub("x", pattern)
    if found := _GROUPING.search(bare):
        raise Usage(
            "MAG-E570",
            f"{shown} holds a group, a choice or a counted repeat (`{found.group()}`)",
            hint=f"write `\\{found.group()}` for the character itself, and search twice for a choice",
        )
    if re.search(r"[*+?]{2}", bare):
        raise Usage(
            "MAG-E570", f"{shown} repeats a repeat", hint="write `\\*`, `\\+`, `\\?` for the characters themselves"
        )
    if len(_REPEAT.findall(bare)) > MAX_REPEATS:
        raise Usage("MAG-E570", f"{shown} has more than {MAX_REPEATS} repeats", hint="search for a shorter part of it")


def search(pattern: Pattern, redacted: RedactedText, *, limit: int) -> tuple[list[Hit], bool]:
    """At most `limit` matching lines, and whether there were more."""
    hits: list[Hit] = []
    for number, line in pattern.lines(redacted.text):
        if len(hits) == limit:
            return hits, True
        hits.append(Hit(line=number, text=line[:MAX_LINE]))
    return hits, False
