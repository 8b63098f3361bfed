"""HCL (Terraform and others): comments on lines of their own; layout is not proven.

A lexer of single lines says that no quote, template or block comment goes on in the next line,
and a count of the quotes, made apart from it, has to agree.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from magistrate.impact.languages.full_lines import FullLines, lines_of, reading_of, verify_no_heredoc
from magistrate.impact.languages.notation import has_own_text
from magistrate.impact.languages.reading import Reading, UnreadableError

KEPT: Final = 4
COMMENT: Final = re.compile(r"[ \t]*(?:#|//)")
LINE: Final = re.compile(r'(?:[^"#/\\]|/(?![/*])|"(?:[^"\\$%]|\\.|[$%](?!\{)|\$\{[^"{}#\\]*\})*")*(?:(?:#|//).*)?\Z')


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Reading:
    """Lines and comments.

    Raises:
        UnreadableError: a heredoc, a block comment, a template over several lines, or quotes that do not close.
    """
    lines = lines_of(content)
    verify_no_heredoc(lines)
    comments = {number for number, line in enumerate(lines) if COMMENT.match(line)}
    for number, line in enumerate(lines):
        if number not in comments and (LINE.match(line) is None or not _even(line)):
            raise UnreadableError(f"line {number + 1}: it may go on in the next line")
    return reading_of(lines, comments)


def _even(line: str) -> bool:
    """Whether the quotes of a line close, a trailing comment left out where it begins behind an even count."""
    quotes = 0
    for at, char in enumerate(line):
        if char == '"' and (at == 0 or line[at - 1] != "\\"):
            quotes += 1
        elif quotes % 2 == 0 and (char == "#" or line.startswith("//", at)):
            return True
    return quotes % 2 == 0


def _named(name: str) -> bool:
    """By suffix; lock files and templates are not read."""
    return name.endswith((".tf", ".tfvars", ".hcl")) and has_own_text(name)


LANGUAGE: Final = FullLines(name="hcl", named=_named, reader=read_text)
