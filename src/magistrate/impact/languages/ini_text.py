"""INI files and Java properties: comments on lines of their own, at the first column, between entries.

Two front ends: the lines as they stand here, and Python's `configparser`, which has to read the
same values with the comments and without them. What one reader takes for a comment (`;`, `#`, `!`)
another takes for a value: a mark counts only where the file had it before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.full_lines import continues, lines_of, reading_of
from magistrate.impact.languages.notation import PROSE, bound_comments, has_own_text
from magistrate.impact.languages.reading import Difference, Reading, UnreadableError

KEPT: Final = 4
INI_SUFFIXES: Final = (".ini", ".cfg", ".editorconfig", ".flake8", ".coveragerc")
PROPERTIES_SUFFIXES: Final = (".properties",)
ENTRY: Final = rx(r"\[[^\[\]\n]+\][ \t]*\Z|[^\s=:\[\]#;!\"'][^=:\n\"']{0,300}[=:]")


@lru_cache(maxsize=KEPT)
def read_text(content: bytes, marks: str) -> Reading:
    """Lines and comments; both front ends agree.

    Raises:
        UnreadableError: where a line is neither an entry, a section nor a comment between them.
    """
    lines = lines_of(content)
    comments = {number for number, line in enumerate(lines) if line[:1] and line[0] in marks}
    for number, line in enumerate(lines):
        if number not in comments:
            _verify_line(number, line)
    _verify_between(lines, comments)
    _verify_values(lines, comments)
    return reading_of(lines, comments)


def _verify_line(number: int, line: str) -> None:
    if line.count('"') % 2 or '"""' in line or "'''" in line:
        raise UnreadableError(f"line {number + 1}: quotes may go on in the next line")
    if line.strip() and not line[0].isspace() and ENTRY.match(line) is None:
        raise UnreadableError(f"line {number + 1}: neither a section, an entry nor a comment")


def _verify_between(lines: Sequence[str], comments: set[int]) -> None:
    """Before and behind a comment the next line that is neither blank nor a comment begins at the first column."""
    before, waiting = "", None
    for number, line in enumerate(lines):
        if number in comments:
            if continues(line) or before[:1].isspace() or continues(before):
                raise UnreadableError(f"line {number + 1}: a comment inside a value of several lines, or continued")
            waiting = number if waiting is None else waiting
        elif line.strip():
            if waiting is not None and line[0].isspace():
                raise UnreadableError(f"line {waiting + 1}: a comment inside a value of several lines")
            before, waiting = line, None


def _verify_values(lines: Sequence[str], comments: set[int]) -> None:
    kept = [line for number, line in enumerate(lines) if number not in comments]
    if _values(lines) != _values(kept):
        raise UnreadableError("two front ends disagree about its comments")


def _values(lines: Sequence[str]) -> list[tuple[str, list[tuple[str, str | None]]]]:
    import configparser  # noqa: PLC0415  only where a file asks for it

    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0")
    try:
        parser.read_string("\n".join(("[\1]", *lines)))
    except (configparser.Error, ValueError, AttributeError) as error:
        raise UnreadableError(f"the parser does not accept it ({type(error).__name__})") from error
    return [(name, list(parser.items(name))) for name in parser.sections()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ini:
    """Only comments are proven; layout is code."""

    name: str
    suffixes: tuple[str, ...]
    marks: str
    prose_starts: re.Pattern[str] = PROSE

    def reads(self, name: str) -> bool:
        """By suffix, or whole names that begin with a dot; lock files and templates are not read."""
        return name.endswith(self.suffixes) and has_own_text(name)

    def read(self, content: bytes) -> Reading:
        """Lines and comments."""
        return read_text(content, self.marks)

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Nothing beside the lines."""
        del before, after
        return None

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """A mark of comments that the file did not have: its reader may not know it."""
        sides = [(side, self.read(side).comments) for side in (before, after)]
        marks = [{comment.text[:1] for comment in comments} for _, comments in sides]
        if not marks[1] <= marks[0]:
            return "its reader has not been seen to accept a comment with this mark"
        return bound_comments(sides)


LANGUAGE: Final = Ini(name="ini", suffixes=INI_SUFFIXES, marks="#;")
PROPERTIES: Final = Ini(name="properties", suffixes=PROPERTIES_SUFFIXES, marks="#")
