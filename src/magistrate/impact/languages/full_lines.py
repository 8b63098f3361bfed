"""Formats of which only comments on lines of their own are proven: every other byte stays as it is.

Rule kept: the code of a text is its other lines, exactly, blank ones included, so that a change of
layout is a change of code here. Which lines are comments a language says, line by line; where a
line could continue another (heredocs, quotes over several lines, a backslash) there is no reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from magistrate.impact.languages.notation import MARKS, PROSE, bound_comments, is_prose, text_of, verify_no_template
from magistrate.impact.languages.reading import Comment, Difference, Reading, UnreadableError


def lines_of(content: bytes, marks: re.Pattern[str] = MARKS) -> list[str]:
    """The lines of a text without carriage returns, control characters and template marks.

    Raises:
        UnreadableError: it has one.
    """
    text = text_of(content)
    verify_no_template(text, marks)
    return text.split("\n")


def reading_of(lines: Sequence[str], comments: Collection[int]) -> Reading:
    """A reading where the lines of these numbers (0-based) are comments and all others code.

    A first line that is no prose is code: what it says may count by its place.
    """
    code: list[object] = []
    said: list[Comment] = []
    numbers: list[int] = []
    for number, line in enumerate(lines):
        if number not in comments or (number == 0 and not is_prose(line)):
            code.append(line)
            continue
        alone = number + 1 >= len(lines) or not lines[number + 1].strip()
        said.append(Comment(text=line, tokens_before=len(code), line_starts_at=len(code), alone=alone))
        numbers.append(number + 1)
    return Reading(code=tuple(code), comments=tuple(said), comment_lines=tuple(numbers))


def verify_no_heredoc(lines: Sequence[str]) -> None:
    """No line has `<<`, which may make text of the lines behind it.

    Raises:
        UnreadableError: one has.
    """
    for number, line in enumerate(lines, 1):
        if "<<" in line:
            raise UnreadableError(f"line {number}: a heredoc makes text of other lines")


def continues(line: str) -> bool:
    """Whether a line may go on in the next one (a backslash at its end, blanks behind it or not)."""
    return line.rstrip().endswith("\\")


@dataclass(frozen=True, slots=True, kw_only=True)
class FullLines:
    """A language of which only comments are proven; layout is code (see `reading.Language`).

    `named` says which files, by their last component in lower case; `reader` reads one side.
    """

    name: str
    named: Callable[[str], bool]
    reader: Callable[[bytes], Reading]
    prose_starts: re.Pattern[str] = PROSE

    def reads(self, name: str) -> bool:
        """By name; the reader has the last word."""
        return self.named(name)

    def read(self, content: bytes) -> Reading:
        """Lines and comments."""
        return self.reader(content)

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """Nothing beside the lines."""
        del before, after
        return None

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """Blocks that tools read."""
        return bound_comments([(side, self.read(side).comments) for side in (before, after)])
