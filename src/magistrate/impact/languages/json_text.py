"""JSON, and JSON with comments, through two front ends: Python's parser and a lexer by RFC 8259.

Tokens are compared as they are written, keys in their order, numbers unread. Names twice in one
object, NaN and Infinity, and bytes between tokens that are neither blank nor a comment are no
reading. A comma before a closing bracket is a token like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

from magistrate.domain.impact import ProofStatus
from magistrate.impact.compiled import rx
from magistrate.impact.languages.notation import (
    PROSE,
    bound_comments,
    has_own_text,
    reading_of,
    text_of,
    verify_no_template,
)
from magistrate.impact.languages.reading import Difference, Reading, UnreadableError

MAX_DEPTH: Final = 200
KEPT: Final = 4
TOKEN: Final = rx(
    r"(?P<blank>[ \t\n]+)|(?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
    r'|(?P<text>"(?:[^"\\\n]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-])|(?P<word>(?:true|false|null))(?!\w)"
    r"|(?P<sign>[\[\]{},:])"
)
ESCAPE: Final = rx(r"\\(?:u([0-9a-fA-F]{4})|(.))")
ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
WITH_COMMENTS: Final = rx(r"(?:tsconfig|jsconfig)[^/]*\.json|\.eslintrc\.json|[^/]+\.(?:jsonc|json5|code-workspace)")
OPEN: Final = frozenset("{[")
CLOSE: Final = frozenset("}]")


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the own lexer, its comments and blanks left out; offsets in characters."""

    kind: str
    text: str
    start: int


class Pairs(tuple[tuple[str, object], ...]):
    """An object as Python's parser gives it, in order."""

    __slots__ = ()


class Raw(str):
    """A number as it is written."""

    __slots__ = ()


@lru_cache(maxsize=KEPT)
def read_text(content: bytes, *, with_comments: bool) -> Reading:
    """Tokens and comments; both front ends agree about every value, name and number.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    text = text_of(content, carriage=True)
    tokens, comments = _lexed(text)
    if comments and not with_comments:
        raise UnreadableError("it has a comment, which a file of this name may not have")
    for comment in comments:
        verify_no_template(comment.text)
    if list(_flat(_parsed(text, tokens, comments, with_comments=with_comments))) != [
        _said(token) for token in tokens if token.text not in {",", ":"}
    ]:
        raise UnreadableError("two front ends disagree about its values")
    code = [(token.kind, token.text) for token in tokens]
    return reading_of(text, code, [token.start for token in tokens], [(one.start, one.text) for one in comments])


def _lexed(text: str) -> tuple[list[Token], list[Token]]:
    tokens: list[Token] = []
    comments: list[Token] = []
    at, depth = 0, 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise UnreadableError(f"line {text.count(chr(10), 0, at) + 1}: the lexer does not accept it")
        kind = found.lastgroup or ""
        if kind == "comment":
            comments.append(Token(kind, found[0], at))
        elif kind != "blank":
            tokens.append(Token(kind, found[0], at))
            depth += (found[0] in OPEN) - (found[0] in CLOSE)
        if depth > MAX_DEPTH:
            raise UnreadableError("it is nested too deeply to judge")
        at = found.end()
    return tokens, comments


def _parsed(text: str, tokens: list[Token], comments: list[Token], *, with_comments: bool) -> object:
    """What Python's parser reads where comments, and commas before a closing bracket, are blank."""
    import json  # noqa: PLC0415  only where a file asks for it

    blanks = list(comments)
    for before, comma, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if comma.text == "," and after.text in CLOSE:
            if not with_comments or before.text in {",", ":", *OPEN}:
                raise UnreadableError("a comma stands before a closing bracket")
            blanks.append(comma)
    pieces: list[str] = []
    at = 0
    for blank in sorted(blanks, key=lambda token: token.start):
        pieces += (text[at : blank.start], " " * len(blank.text))
        at = blank.start + len(blank.text)
    try:
        return json.loads(
            "".join((*pieces, text[at:])),
            object_pairs_hook=_pairs,
            parse_float=Raw,
            parse_int=Raw,
            parse_constant=_refuse_constant,
        )
    except UnreadableError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"the parser does not accept it ({type(error).__name__})") from error


def _pairs(items: list[tuple[str, Any]]) -> Pairs:
    if len({name for name, _ in items}) != len(items):
        raise UnreadableError("a name stands twice in one object, which readers resolve differently")
    return Pairs(tuple(items))


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableError(f"`{name}` is no JSON")


def _flat(value: object) -> Iterator[object]:
    """The values of a document in the order of its text, without recursion."""
    pending: list[object] = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, Pairs):
            pending.append(("sign", "}"))
            for name, inner in reversed(one):
                pending += (inner, ("text", name))
            yield ("sign", "{")
        elif isinstance(one, list):
            pending += (("sign", "]"), *reversed(one))
            yield ("sign", "[")
        elif isinstance(one, tuple):
            yield one
        elif isinstance(one, Raw):
            yield ("number", str(one))
        elif isinstance(one, str):
            yield ("text", one)
        else:
            yield ("word", {True: "true", False: "false", None: "null"}[one])  # type: ignore[index]


def _said(token: Token) -> tuple[str, str]:
    """What a token means: a text without its escapes, everything else as it is."""
    if token.kind != "text" or "\\" not in token.text:
        return (token.kind, token.text[1:-1] if token.kind == "text" else token.text)
    plain = ESCAPE.sub(lambda e: chr(int(e[1], 16)) if e[1] else ESCAPED.get(e[2], e[2]), token.text[1:-1])
    return ("text", plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))


def comment_places(content: bytes) -> frozenset[tuple[str, bool]]:
    """Which kinds of comment a text has, and whether each stands on a line of its own."""
    text = text_of(content, carriage=True)
    found = set()
    for comment in _lexed(text)[1]:
        line = text[text.rfind("\n", 0, comment.start) + 1 : comment.start]
        found.add((comment.text[:2], not line.strip()))
    return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Json:
    """JSON, or with comments where the name of the file is known to allow them."""

    name: str
    with_comments: bool
    prose_starts: re.Pattern[str] = PROSE

    def reads(self, name: str) -> bool:
        """By name; what is neither known to allow comments nor strict is refused by the lexer."""
        if not has_own_text(name) or name == "settings.json":
            return False
        commented = WITH_COMMENTS.fullmatch(name) is not None
        return commented if self.with_comments else name.endswith(".json") and not commented

    def read(self, content: bytes) -> Reading:
        """Tokens and comments."""
        return read_text(content, with_comments=self.with_comments)

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """A file of one line may be read line by line (newline-delimited JSON)."""
        if (b"\n" in before.strip()) != (b"\n" in after.strip()):
            why = "it becomes one line, or several: some readers take one line for one document"
            return Difference(why=why, status=ProofStatus.UNKNOWN)
        return None

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """Comments of a kind, or in a place, that the file did not have: its reader may not know them."""
        if not comment_places(after) <= comment_places(before):
            return "its reader has not been seen to accept a comment of this kind in such a place"
        sides = [(side, self.read(side).comments) for side in (before, after)]
        return bound_comments(sides)


LANGUAGE: Final = Json(name="json", with_comments=False)
COMMENTED: Final = Json(name="jsonc", with_comments=True)
