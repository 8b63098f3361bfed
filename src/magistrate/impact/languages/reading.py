"""How one language is read: code tokens on one side, comments bound to them on the other.

Claim of equality: equal up to source positions and source-text reflection (tracebacks,
`inspect.getsource`, `Function.toString`). A language brings two independent front ends; where one
of them does not accept a text, or they disagree about it, there is no reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from magistrate.domain.impact import ProofStatus


class UnreadableError(ValueError):
    """A front end does not accept the text, or two disagree; the message says which, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment, or one line of a block comment, bound to code.

    `tokens_before`: code tokens before it; `line_starts_at`: code tokens before its line;
    `alone`: whether a blank line (or the end) follows; `inside`: a later line of a block;
    `kept`: why it never changes as prose, whatever it says.
    """

    text: str
    tokens_before: int
    line_starts_at: int
    alone: bool
    inside: bool = False
    kept: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One side as a language reads it.

    `code` is everything that decides what the program is, line ends and indentation included
    where the language gives them a meaning; two sides with equal `code` are one program.
    `comment_lines` are 1-based, one for each comment.
    """

    code: tuple[object, ...]
    comments: tuple[Comment, ...]
    comment_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Why two sides are not one program, and whether that is certain or only not excluded."""

    why: str
    status: ProofStatus = ProofStatus.REFUTED


def body_of(text: str, start: int) -> str:
    """The words of a line of a comment, without the sign that ends a block."""
    block = text.startswith(("/*", "*")) or not text.startswith(("/", "#", ";", "!"))
    return text[start:].removesuffix("*/") if block else text[start:]


class Language(Protocol):
    """What a prover of source text asks of a language; pure, bytes in, values out."""

    @property
    def name(self) -> str:
        """Lower case, as in rule names (`go` gives `go-formatting/1`)."""

    @property
    def prose_starts(self) -> re.Pattern[str]:
        """How a comment begins that may be prose; the match is cut off before the words are judged."""

    def reads(self, name: str) -> bool:
        """Whether a file of this name (last component, lower case) is of this language."""

    def read(self, content: bytes) -> Reading:
        """Read one side by both front ends; raises UnreadableError."""

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """What else than `code` speaks against one program (heads, trees, templates), or None.

        Raises:
            UnreadableError: as `read`.
        """

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """Why no comment of this file may change as prose (a header that tools read), or None."""
