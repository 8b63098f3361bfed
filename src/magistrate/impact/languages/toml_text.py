"""TOML through two front ends: Python's `tomllib` and a lexer by the TOML 1.0 specification.

`tomllib` has to read the same document, in the same order and with the same types, from the text
and from the lexer's tokens put together anew: so no token is missed and no text taken for a
comment. Strings are atomic, line ends outside arrays are tokens, numbers and dates are unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from magistrate.domain.impact import ProofStatus
from magistrate.impact.compiled import rx
from magistrate.impact.languages.notation import (
    NARROW_MARKS,
    PROSE,
    bound_comments,
    has_own_text,
    head_of,
    reading_of,
    text_of,
    verify_no_template,
)
from magistrate.impact.languages.reading import Difference, Reading, UnreadableError

KEPT: Final = 4
MAX_DEPTH: Final = 100
SIGNS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}
TOKEN: Final = rx(
    r"(?P<blank>[ \t]+)|(?P<line>\r?\n)|(?P<comment>#[^\r\n]*)"
    r'|(?P<text>"""(?:[^"\\]|\\(?:.|\r?\n)|"{1,2}(?!"))*"{3,5}|\'\'\'(?:[^\']|\'{1,2}(?!\'))*\'{3,5}'
    r'|"(?:[^"\\\r\n]|\\.)*"|\'[^\'\r\n]*\')'
    r"|(?P<word>[A-Za-z0-9_.:+-]+)|(?P<sign>[\[\]{},=])"
)


class Token(NamedTuple):
    """A token, or the line end that ends an entry; offsets in characters."""

    text: str
    start: int


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Reading:
    """Tokens and comments; both front ends agree.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    text_of(content, carriage=True)
    text = content.decode("utf-8")
    tokens, comments = _lexed(text)
    for comment in comments:
        verify_no_template(comment.text, NARROW_MARKS)
    if parsed(text) != _parsed(_anew(tokens)):
        raise UnreadableError("two front ends disagree about its values")
    code = [token.text for token in tokens]
    return reading_of(text, code, [token.start for token in tokens], [(one.start, one.text) for one in comments])


def _lexed(text: str) -> tuple[list[Token], list[Token]]:
    tokens: list[Token] = []
    comments: list[Token] = []
    depth, dots, at = 0, 0, 0
    for found in TOKEN.finditer(text):
        start = found.start()
        if start != at:
            break
        at, kind, said = found.end(), found.lastgroup, found[0]
        if kind == "comment":
            comments.append(Token(said, start))
        elif kind == "line":
            if depth == 0 and tokens and tokens[-1].text != "\n":
                tokens.append(Token("\n", start))
        elif kind != "blank":
            depth += SIGNS.get(said, 0)
            dots = 0 if kind == "sign" else dots + (said.count(".") if kind == "word" else 0)
            tokens.append(Token(said, start))
            _verify_depth(depth, dots)
    if at < len(text):
        raise UnreadableError(f"line {text.count(chr(10), 0, at) + 1}: the lexer does not accept it")
    if tokens and tokens[-1].text != "\n":
        tokens.append(Token("\n", len(text)))
    return tokens, comments


def _verify_depth(depth: int, dots: int) -> None:
    if not (0 <= depth <= MAX_DEPTH and dots <= MAX_DEPTH):
        raise UnreadableError("its brackets do not close, or are nested too deeply to judge")


def _anew(tokens: list[Token]) -> str:
    """The tokens as a text with one blank between them; the double bracket of a table stays together."""
    pieces: list[str] = []
    for number, token in enumerate(tokens):
        before = tokens[number - 1] if number else None
        doubled = before is not None and before.text == token.text and token.start == before.start + 1
        pieces.append(token.text if doubled and token.text in {"[", "]"} else " " + token.text)
    return "".join(pieces)


@lru_cache(maxsize=KEPT)
def parsed(text: str) -> str:
    """The document as `tomllib` reads it, with the order of names and the types of values, as one text.

    Raises:
        UnreadableError: the parser does not accept it.
    """
    return _parsed(text)


def _parsed(text: str) -> str:
    import tomllib  # noqa: PLC0415  only where a file asks for it

    try:
        return repr(tomllib.loads(text, parse_float=_Written))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"the parser does not accept it ({type(error).__name__})") from error


class _Written(str):
    """A float as it is written; its `repr` differs from that of a text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"float({self!s})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toml:
    """`tomllib` and a lexer, neither believed alone."""

    name: str = "toml"
    prose_starts: re.Pattern[str] = PROSE

    def reads(self, name: str) -> bool:
        """By suffix; lock files and templates are not read."""
        return name.endswith(".toml") and has_own_text(name)

    def read(self, content: bytes) -> Reading:
        """Tokens and comments."""
        return read_text(content)

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """A first line that something reads by its place."""
        if head_of(text_of(before, carriage=True)) != head_of(text_of(after, carriage=True)):
            why = "the first line, which is not prose, changes"
            return Difference(why=why, status=ProofStatus.UNKNOWN)
        return None

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """A seal over comments, or blocks that tools read."""
        return bound_comments([(side, self.read(side).comments) for side in (before, after)])


LANGUAGE: Final = Toml()
