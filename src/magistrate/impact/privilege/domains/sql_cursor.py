"""Reading one SQL statement token by token: words, qualified names, lists, types, signatures.

Rule kept: what does not fit is refused; a variable is never taken for a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from magistrate.impact.privilege.domains.sql_catalogue import PUBLIC, Name
from magistrate.impact.privilege.domains.sql_text import Kind, Token, Tokens, shown

_TYPES: Final = {
    "int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "bool": "boolean", "decimal": "numeric",
    "varchar": "character varying", "char": "character", "float8": "double precision", "float4": "real",
    "float": "double precision", "timestamptz": "timestamp with time zone", "timetz": "time with time zone",
    "timestamp without time zone": "timestamp", "time without time zone": "time", "varbit": "bit varying",
}  # fmt: skip
_TWO_WORDS: Final = frozenset({"double", "character", "timestamp", "time", "bit", "national", "interval", "setof"})
_MODES: Final = frozenset({"in", "out", "inout", "variadic"})
_PRESENT: Final = frozenset({"current_user", "current_role", "session_user"})


class NotUnderstoodError(Exception):
    """A statement that may touch rights and is not understood."""


class Cursor:
    """A place in a statement."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.tokens)

    def peek(self, ahead: int = 0) -> str:
        """The word or sign that comes; empty for a string, a quoted name, or the end."""
        at = self.at + ahead
        if at >= len(self.tokens) or self.tokens[at].kind in {Kind.STRING, Kind.QUOTED}:
            return ""
        return self.tokens[at].text

    def accept(self, *words: str) -> bool:
        """Step over these words where they come next, all of them."""
        if all(self.peek(ahead) == word for ahead, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def accept_any(self, *words: str) -> str:
        """Step over one of these words; which one, or empty."""
        found = self.peek()
        if found and found in words:
            self.at += 1
            return found
        return ""

    def expect(self, *words: str) -> None:
        """Step over these words.

        Raises:
            NotUnderstoodError: something else comes.
        """
        if not self.accept(*words):
            raise NotUnderstoodError

    def next(self) -> Token:
        """The next token.

        Raises:
            NotUnderstoodError: there is none.
        """
        if self.done:
            raise NotUnderstoodError
        self.at += 1
        return self.tokens[self.at - 1]

    def part(self) -> str:
        """One name."""
        found = self.next()
        if found.kind not in {Kind.WORD, Kind.QUOTED}:
            raise NotUnderstoodError
        return found.text

    def name(self) -> Name:
        """A name with or without its schema; a database before it is left out."""
        parts = [self.part()]
        while self.accept("."):
            parts.append(self.part())
        if len(parts) > 3:  # noqa: PLR2004 - database.schema.name
            raise NotUnderstoodError
        return ("" if len(parts) == 1 else parts[-2]), parts[-1]

    def names(self) -> list[Name]:
        """Names with commas between."""
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        return found

    def grantees(self, present: str) -> list[str]:
        """Roles that get or lose something; PUBLIC is the empty name."""
        found: list[str] = []
        while True:
            self.accept("group")
            if self.peek() in _PRESENT:
                self.at += 1
                found.append(present)
            elif self.peek() == "public":
                self.at += 1
                found.append(PUBLIC)
            else:
                found.append(self.part())
            if not self.accept(","):
                return found

    def inside(self) -> Tokens:
        """The tokens within the brackets that come.

        Raises:
            NotUnderstoodError: no bracket comes, or it does not end.
        """
        self.expect("(")
        first, depth = self.at, 1
        while depth:
            sign = self.next()
            if sign.kind is Kind.SIGN:
                depth += {"(": 1, ")": -1}.get(sign.text, 0)
        return self.tokens[first : self.at - 1]

    def rest(self) -> Tokens:
        """All that is left."""
        found = self.tokens[self.at :]
        self.at = len(self.tokens)
        return found

    def end(self) -> None:
        """Nothing is left.

        Raises:
            NotUnderstoodError: something is.
        """
        if not self.done:
            raise NotUnderstoodError


def parts_of(tokens: Tokens) -> Iterator[Tokens]:
    """Tokens split at the commas that stand in no bracket."""
    held: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind is Kind.SIGN:
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
            if token.text == "," and depth == 0:
                yield tuple(held)
                held = []
                continue
        held.append(token)
    if held:
        yield tuple(held)


def signature(name: Name, arguments: Tokens) -> Name:
    """The name of a function with the types that it takes."""
    types = [found for part in parts_of(arguments) if (found := _type(part)) is not None]
    return name[0], f"{name[1]}({', '.join(types)})"


def _type(part: Tokens) -> str | None:
    words = list(part)
    for at, token in enumerate(words):
        if (token.kind is Kind.WORD and token.text == "default") or (token.kind is Kind.SIGN and token.text == "="):
            words = words[:at]
            break
    mode = ""
    if words and words[0].kind is Kind.WORD and words[0].text in _MODES:
        mode = words.pop(0).text
    if mode == "out" or not words:
        return None
    named = len(words) > 1 and words[1].kind in {Kind.WORD, Kind.QUOTED}
    if named and words[0].text not in _TWO_WORDS:
        words = words[1:]
    while len(words) > 2 and words[1].text == "." and words[0].text in {"pg_catalog", "public"}:  # noqa: PLR2004
        words = words[2:]
    kept: list[Token] = []
    depth = 0
    for token in words:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind is Kind.SIGN else 0
        if depth == 0 and token.text != ")":
            kept.append(token)
    text = shown(tuple(kept))
    array = text.endswith("[ ]")
    text = text.removesuffix("[ ]").strip()
    return _TYPES.get(text, text) + ("[]" if array else "")
