"""Dockerfiles: comments on lines of their own, behind the first instruction; layout is not proven.

Comments before the first instruction are code: parser directives (`# syntax=`, `# escape=`,
`# check=`) are read by their place, and a comment before them ends them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.full_lines import FullLines, continues, lines_of, reading_of, verify_no_heredoc
from magistrate.impact.languages.notation import has_own_text
from magistrate.impact.languages.reading import Reading, UnreadableError

KEPT: Final = 4
NAMES: Final = rx(
    r"(?:(?:docker|container)file(?:[.-](?!(?:\w{1,3}|java|json|yaml|toml|bash)\Z)[a-z0-9_-]+)*|[a-z0-9._-]+\.(?:docker|container)file)"
)
INSTRUCTION: Final = rx(
    r"[ \t]*(?i:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|"
    r"VOLUME|WORKDIR)[ \t]+\S"
)
DIRECTIVE: Final = rx(
    r"(?i)[ \t]*#[ \t]*(?:escape[ \t]*=|syntax[ \t]*=[ \t]*(?!docker/dockerfile(?::1[0-9.]*)?[ \t]*\Z))"
)


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Reading:
    """Lines and comments.

    Raises:
        UnreadableError: a heredoc, a line that is no instruction, another escape character or frontend.
    """
    lines = lines_of(content)
    verify_no_heredoc(lines)
    comments: set[int] = set()
    begun = continued = False
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if line.lstrip().startswith("#"):
            if not begun and DIRECTIVE.match(line):
                raise UnreadableError(f"line {number + 1}: another escape character or frontend reads this file")
            if begun and not continued:
                comments.add(number)
            continue
        if not continued and INSTRUCTION.match(line) is None:
            raise UnreadableError(f"line {number + 1}: no instruction")
        begun, continued = True, continues(line) or line.rstrip().endswith("`")
    return reading_of(lines, comments)


def _named(name: str) -> bool:
    """By name; templates are not read."""
    return NAMES.fullmatch(name) is not None and has_own_text(name)


LANGUAGE: Final = FullLines(name="dockerfile", named=_named, reader=read_text)
