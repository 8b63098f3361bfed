"""The only values that a declared key may have: shapes that every reader of a format takes alike.

Rule kept (R22): no exponent, octal, underscore, sexagesimal or leading zero; booleans are `true` and
`false`; a text is letters, digits, blanks, hyphens and underscores, so that it is no URL, host, path,
command, template or reference. What has another shape is `other`, which may be in a file, unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from magistrate.impact.compiled import rx

INTEGER: Final = rx(r"(?!-0\Z)-?(?:0|[1-9][0-9]{0,14})\Z")
NUMBER: Final = rx(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,9}\Z")
WORDS: Final = rx(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}\Z")
BARE_WORD: Final = rx(
    r"(?!(?i:true|false|yes|no|on|off|y|n|null|none|nil|nan|inf|infinity)\Z)[A-Za-z][A-Za-z0-9_-]{0,39}\Z"
)


class Kind(StrEnum):
    """Kinds of value, as a declaration names them; `other` and `holder` are never declared."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRING = "string"
    OTHER = "other"
    HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a file: its kind, and its text without quotes."""

    kind: Kind
    text: str


def bare(text: str) -> Value:
    """What an unquoted text is."""
    if INTEGER.match(text):
        return Value(Kind.INTEGER, text)
    if NUMBER.match(text):
        return Value(Kind.NUMBER, text)
    if text in {"true", "false"}:
        return Value(Kind.BOOLEAN, text)
    return Value(Kind.STRING if BARE_WORD.match(text) else Kind.OTHER, text)


def quoted(text: str) -> Value:
    """What a quoted text is; `text` without the quotes."""
    return Value(Kind.STRING if WORDS.match(text) else Kind.OTHER, text)


def as_written(raw: str) -> Value:
    """What a value is, as it is written on its line, quotes included."""
    if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'":
        return quoted(raw[1:-1])
    return bare(raw)
