"""SQL as statements of tokens, by the lexical rules of PostgreSQL 16 (chapter 4.1 of its documentation).

Dollar quotes, nested comments, E and U& strings, quoted names, psql variables and commands; blocks of
data after `COPY ... FROM stdin` are left out, bodies `BEGIN ATOMIC ... END` stay in their statement.

Rule kept: a text that does not lex to its end is not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx

MAX_TEXT: Final = 2_000_000
_DOLLAR: Final = rx(r"\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$")
_WORD: Final = rx(r"[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*")
_NUMBER: Final = rx(r"\d[\w.]*|\.\d[\w]*")
_SPACE: Final = rx(r"[ \t\r\n\f\v]+")
_PLAIN: Final = rx(r"'((?:[^']|'')*)'")
_ESCAPED: Final = rx(r"[eE]'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_UNICODE: Final = rx(r"[uU]&'((?:[^']|'')*)'")
_PREFIXED: Final = rx(r"[bBxXnN]'((?:[^']|'')*)'")
_QUOTED: Final = rx(r'"((?:[^"]|"")+)"|`([^`]+)`')
_UNICODE_NAME: Final = rx(r'[uU]&"')
_PARAMETER: Final = rx(
    r":'[A-Za-z_]\w*'|:\"[A-Za-z_]\w*\"|(?<!:):[A-Za-z_]\w*|\$\{[^}\n]*\}|\{\{[^}\n]*\}\}|\$\d+|%\([A-Za-z_]\w*\)s"
)
_OF_RIGHTS: Final = rx(r"(?i)\b(?:grant|revoke|user|role|definer|password|identified|privileges|proxy|plugin)\b")
"""Words of comments that some databases execute (MySQL 8.4 manual, 11.7); a dump is full of others."""
_STDIN: Final = rx(r"[^\n]*\n(?:.*\n)*?\\\.[ \t\r]*(?:\n|\Z)")


class UnreadableSqlError(Exception):
    """A text whose tokens cannot be told."""


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted"
    STRING = "string"
    NUMBER = "number"
    SIGN = "sign"
    PARAMETER = "parameter"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: words in small letters, names and strings without their quotes, other signs one by one."""

    kind: Kind
    text: str
    line: int

    def __str__(self) -> str:
        """As it is shown and compared: quotes where they make a difference."""
        if self.kind is Kind.STRING:
            return "'" + self.text.replace("'", "''") + "'"
        if self.kind is Kind.QUOTED:
            return self.text if re.fullmatch(r"[a-z_][a-z0-9_]*", self.text) else f'"{self.text}"'
        return self.text


Tokens = tuple[Token, ...]


def shown(tokens: Tokens) -> str:
    """Tokens as one text, with the same text for the same tokens."""
    return " ".join(map(str, tokens))


@lru_cache(maxsize=512)
def statements(text: str) -> tuple[Tokens, ...]:
    """The statements of a text, each without its semicolon.

    Raises:
        UnreadableSqlError: a quote or comment that does not end, or a text that is too large.
    """
    return tuple(_statements(text))


def _statements(text: str) -> Iterator[Tokens]:
    if len(text) > MAX_TEXT:
        raise UnreadableSqlError("the file is too large")
    at, line, held, nesting = 0, 1, list[Token](), _Nesting()
    while at < len(text):
        end, token = _token(text, at, line, begins=not held)
        if token is not None and token.kind is Kind.COMMAND:
            yield (token,)
        elif token is not None and token.text == ";" and token.kind is Kind.SIGN and not nesting.inside:
            if held:
                yield tuple(held)
            if held and held[0].text == "copy" and "stdin" in {one.text for one in held}:
                block = _STDIN.match(text, end)
                end = block.end() if block is not None else end
            held, nesting = [], _Nesting()
        elif token is not None:
            held.append(token)
            nesting.take(held)
        line += text.count("\n", at, end)
        at = end
    if held:
        yield tuple(held)


class _Nesting:
    """Whether a semicolon is inside of a statement: in brackets, or in a body between BEGIN ATOMIC and END."""

    def __init__(self) -> None:
        self.depth = 0
        self.brackets = 0

    @property
    def inside(self) -> bool:
        return self.depth > 0 or self.brackets > 0

    def take(self, held: list[Token]) -> None:
        token = held[-1]
        if token.kind is Kind.SIGN:
            self.brackets += {"(": 1, ")": -1}.get(token.text, 0)
        if token.kind is not Kind.WORD:
            return
        if (token.text == "atomic" and len(held) > 1 and held[-2].text == "begin") or (
            self.depth and token.text == "case"
        ):
            self.depth += 1
        elif self.depth and token.text == "end":
            self.depth -= 1


def _token(text: str, at: int, line: int, *, begins: bool) -> tuple[int, Token | None]:
    """The end of the token here and the token; None for space and comments."""
    if (found := _SPACE.match(text, at)) is not None:
        return found.end(), None
    if text.startswith("--", at):
        end = text.find("\n", at)
        return (len(text) if end < 0 else end), None
    if text.startswith("/*", at):
        end = _comment(text, at)
        if text.startswith(("/*!", "/*M!"), at) and _OF_RIGHTS.search(text, at, end):
            raise UnreadableSqlError("a comment that MySQL and MariaDB execute speaks of rights")
        return end, None
    sign = text[at]
    if sign == "\\":
        if not begins and "\\g" not in text[at : at + 2]:
            raise UnreadableSqlError("a backslash stands inside of a statement")
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        return end, Token(Kind.COMMAND, " ".join(text[at:end].split()), line)
    for pattern, kind in _QUOTES:
        if (found := pattern.match(text, at)) is not None:
            return found.end(), _joined(found, kind, line)
    if sign in "'\"`" or _UNICODE_NAME.match(text, at) or _ends_badly(text, at):
        raise UnreadableSqlError("a quote does not end, or is of a kind that is not read")
    return _plain(text, at, line)


_QUOTES: Final = (
    (_PLAIN, Kind.STRING),
    (_ESCAPED, Kind.STRING),
    (_UNICODE, Kind.STRING),
    (_PREFIXED, Kind.STRING),
    (_QUOTED, Kind.QUOTED),
)


def _ends_badly(text: str, at: int) -> bool:
    return text[at] in "eEbBxXnN" and text[at + 1 : at + 2] == "'"


def _joined(found: re.Match[str], kind: Kind, line: int) -> Token:
    if kind is Kind.QUOTED:
        name = found.group(1).replace('""', '"') if found.group(1) else found.group(2)
        return Token(kind, name, line)
    inner = found.group(1).replace("''", "'")
    plain = found.group()[0] == "'"
    mark = "" if plain or "\\" not in inner else found.group()[0].lower() + ":"
    return Token(kind, mark + inner, line)


def _plain(text: str, at: int, line: int) -> tuple[int, Token]:
    if (found := _PARAMETER.match(text, at)) is not None:
        return found.end(), Token(Kind.PARAMETER, found.group(), line)
    if (found := _DOLLAR.match(text, at)) is not None:
        end = text.find(found.group(), found.end())
        if end < 0:
            raise UnreadableSqlError("a dollar quote does not end")
        return end + len(found.group()), Token(Kind.STRING, text[found.end() : end], line)
    if (found := _WORD.match(text, at)) is not None:
        word = found.group()
        folded = "".join(sign.lower() if sign.isascii() else sign for sign in word)
        return found.end(), Token(Kind.WORD, folded, line)
    if (found := _NUMBER.match(text, at)) is not None:
        return found.end(), Token(Kind.NUMBER, found.group().lower(), line)
    return at + 1, Token(Kind.SIGN, text[at], line)


def _comment(text: str, at: int) -> int:
    depth, now = 0, at
    for found in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if found.group() == "/*" else -1
        now = at + found.end()
        if depth == 0:
            return now
    raise UnreadableSqlError("a comment does not end")
