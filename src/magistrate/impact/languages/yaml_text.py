"""YAML through libyaml, PyYAML's own parser, and a scanner of what stands between the scalars.

Both parsers give the same events at the same places. The scanner accepts between scalars only
indicators, anchors, tags, blanks, line ends and comments (`#` at the start of a line or behind a
blank), so no `#` of a scalar is taken for a comment. Scalars are compared as they are written, in
their style; of a scalar of several lines only its indentation may move, where its value stays.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from magistrate.domain.impact import ProofStatus
from magistrate.impact.compiled import rx
from magistrate.impact.languages.notation import (
    MARKS,
    PROSE,
    bound_comments,
    has_own_text,
    head_of,
    reading_of,
    text_of,
    verify_no_template,
)
from magistrate.impact.languages.reading import Difference, Reading, UnreadableError
from magistrate.impact.languages.yaml_events import PLAIN, Event, events_of, verify_second

KEPT: Final = 4
MAX_BYTES: Final = 80_000
"""PyYAML's own parser reads some 300 kB in a second."""
GAP: Final = rx(
    r"(?P<blank> +|\n)|(?P<comment>(?:(?<=[ \n])|(?<![\s\S]))#[^\n]*)|(?P<mark>(?:(?<=\n)|(?<![\s\S]))(?:---|\.\.\.)(?=[ \n]|\Z))"
    r"|(?P<sign>-(?=[ \n]|\Z)|:(?=[ \n,\]}]|\Z)|[\[\]{},])|(?P<alias>\*[A-Za-z0-9_-]+)|(?P<property>[&!][^ \n,\[\]{}]*(?=[ \n]|\Z))"
)
SHAPES: Final = {
    '"': rx(r'"(?:[^"\\]|\\[\s\S])*"'),
    "'": rx(r"'(?:[^']|'')*'"),
    PLAIN: rx(r"(?![\"'|>#&*!%@`\[\]{},])[^\n]*(?:\n *[^ \n#][^\n]*|\n *(?=\n))*"),
    "|": rx(r"\|(?:[1-9][+-]?|[+-][1-9]?)? *(?:(?<= )#[^\n]*)?(?:\n[\s\S]*|\Z)"),
    ">": rx(r">(?:[1-9][+-]?|[+-][1-9]?)? *(?:(?<= )#[^\n]*)?(?:\n[\s\S]*|\Z)"),
}
BLOCKS: Final = frozenset("|>")
ENDS_PLAIN: Final = rx(r"[ \n]#|:[ \n]")
PROPERTIES: Final = rx(r"(?:[&!][^ \n]*[ \n]+)*")
LAST_PROPERTY: Final = rx(r"[&!][^ \n]*")


@dataclass(frozen=True, slots=True)
class Token:
    """A scalar or an indicator; offsets in characters. `flow`: how many brackets are open before it."""

    kind: str
    said: tuple[object, ...]
    start: int
    end: int
    flow: int


@lru_cache(maxsize=KEPT)
def read_text(content: bytes) -> Reading:
    """Tokens, events and comments; three front ends agree.

    Raises:
        UnreadableError: where one of them does not accept the text, or they disagree.
    """
    text = plain_text(content)
    events = events_of(text)
    tokens, comments = _scanned(text, events)
    _verify_no_template(text, tokens)
    _verify_indentation(text, tokens)
    verify_second(text, events)
    starts = [token.start for token in tokens]
    for comment in comments:
        _verify_outside_block(text, comment, tokens, bisect_left(starts, comment.start))
    code = [*((token.kind, *token.said) for token in tokens), *(event.meaning for event in events)]
    return reading_of(text, code, starts, [(one.start, str(one.said[0])) for one in comments])


def plain_text(content: bytes) -> str:
    """The text, where it is small and has neither tabs nor carriage returns nor a directive.

    Raises:
        UnreadableError: it has.
    """
    text = text_of(content)
    if len(content) > MAX_BYTES:
        raise UnreadableError(f"larger than {MAX_BYTES} bytes, which both parsers together do not read in time")
    if "\t" in text:
        raise UnreadableError("it has a tab, which readers of YAML take differently")
    if re.search(r"(?m)^ *%", text):
        raise UnreadableError("a line begins with `%`: a directive of YAML or of a template")
    return text


def _scanned(text: str, events: tuple[Event, ...]) -> tuple[list[Token], list[Token]]:
    """Every indicator and scalar, and every comment."""
    scan = _Scan(text)
    for event in events:
        if event.kind == "Scalar" and event.end > event.start:
            scan.gap(event.start)
            scan.gap(_behind_properties(text, event))
            if scan.at < event.end:
                scan.scalar(event)
    scan.gap(len(text))
    return scan.tokens, scan.comments


def _behind_properties(text: str, event: Event) -> int:
    """Where a scalar itself begins, behind its anchor and its tag."""
    raw = text[event.start : event.end]
    found = PROPERTIES.match(raw)
    end = found.end() if found else 0
    return event.end if LAST_PROPERTY.fullmatch(raw, end) else event.start + end


class _Scan:
    """One pass over the text; `at` is how far it has come, `flow` how many brackets are open there."""

    def __init__(self, text: str) -> None:
        self.tokens: list[Token] = []
        self.comments: list[Token] = []
        self.at = self.flow = 0
        self._text = text

    def gap(self, end: int) -> None:
        """What stands before the next scalar."""
        while self.at < end:
            found = GAP.match(self._text, self.at)
            if found is None or found.end() > end:
                raise UnreadableError(f"{self._line()}: the scanner does not accept what stands between the values")
            self._take(found.lastgroup or "", found[0])
            self.at = found.end()

    def _take(self, kind: str, said: str) -> None:
        end = self.at + len(said)
        if kind == "comment":
            self.comments.append(Token(kind, (said,), self.at, end, self.flow))
        elif kind != "blank":
            self.flow -= said in {"]", "}"}
            self.tokens.append(Token(kind, (said,), self.at, end, self.flow))
            self.flow += said in {"[", "{"}

    def scalar(self, event: Event) -> None:
        """A scalar as it is written; where it has several lines, without their indentation, and with its value."""
        raw = self._text[self.at : event.end]
        style = event.style[:1] if event.style[:1] in SHAPES else PLAIN
        if SHAPES[style].fullmatch(raw) is None or (style == PLAIN and ENDS_PLAIN.search(raw)):
            raise UnreadableError(f"{self._line()}: a value has another shape than its style")
        lines = tuple(line.lstrip(" ") for line in raw.rstrip("\n").split("\n"))
        kind = "block" if style in BLOCKS else "scalar"
        self.tokens.append(Token(kind, (style, event.value, lines), self.at, event.end, self.flow))
        self.at = event.end

    def _line(self) -> str:
        return f"line {self._text.count(chr(10), 0, self.at) + 1}"


def _verify_no_template(text: str, tokens: list[Token]) -> None:
    """Marks of templates may stand only in quotes, on one line."""
    pieces: list[str] = []
    at = 0
    for token in tokens:
        if token.kind == "scalar" and token.said[0] and MARKS.search(text, token.start, token.end):
            if "\n" in text[token.start : token.end]:
                raise UnreadableError("a quoted value of several lines may be a template of another language")
            pieces.append(text[at : token.start])
            at = token.end
    verify_no_template("".join((*pieces, text[at:])))


def _verify_indentation(text: str, tokens: list[Token]) -> None:
    """Lines inside brackets and quotes are indented deeper than what they belong to, as the standard asks.

    libyaml does not ask for it, other readers do.
    """
    base, opened = 0, -1
    for number, token in enumerate(tokens):
        if token.flow == 0 and opened < 0 and token.kind != "block":
            base = _base(text, tokens, number)
        if token.said[0] in ("[", "{") and token.kind == "sign" and token.flow == 0:
            opened = token.start
        if token.flow == 0 and token.said[0] in ("]", "}") and token.kind == "sign":
            _verify_deeper(text, opened, token.end, base)
            opened = -1
        elif token.kind == "scalar" and opened < 0 and "\n" in text[token.start : token.end]:
            _verify_deeper(text, token.start, token.end, base)


def _base(text: str, tokens: list[Token], number: int) -> int:
    """The column that lines of this token have to be right of."""
    start = tokens[number].start
    line = text.rfind("\n", 0, start) + 1
    base = -1
    while number > 0 and tokens[number - 1].start >= line:
        number -= 1
        one = tokens[number]
        if one.flow == 0 and (one.kind == "scalar" or one.said[0] == "-"):
            base = max(base, one.start - line)
    return base if base >= 0 else start - line - 1


def _verify_deeper(text: str, start: int, end: int, base: int) -> None:
    for line in text[start:end].split("\n")[1:]:
        if line.strip() and len(line) - len(line.lstrip(" ")) <= base:
            raise UnreadableError("a line in brackets or quotes is not indented deeper than what it belongs to")


def _verify_outside_block(text: str, comment: Token, tokens: list[Token], before: int) -> None:
    """Behind a block of text a comment stands no deeper than what follows, so that no reader takes it for text."""
    if before == 0 or tokens[before - 1].kind != "block":
        return
    allowed = _column(text, tokens[before].start) if before < len(tokens) else 0
    if _column(text, comment.start) > allowed:
        raise UnreadableError("a comment behind a block of text is indented so that some readers take it for text")


def _column(text: str, at: int) -> int:
    return at - text.rfind("\n", 0, at) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Yaml:
    """Two parsers and a scanner, none believed alone."""

    name: str = "yaml"
    prose_starts: re.Pattern[str] = PROSE

    def reads(self, name: str) -> bool:
        """By suffix; lock files and templates are not read."""
        return name.endswith((".yaml", ".yml")) and has_own_text(name)

    def read(self, content: bytes) -> Reading:
        """Tokens, events and comments."""
        return read_text(content)

    def same_program(self, before: bytes, after: bytes) -> Difference | None:
        """A first line that something reads by its place; then libyaml alone, which is quick to say no."""
        old, new = plain_text(before), plain_text(after)
        if head_of(old) != head_of(new):
            why = "the first line, which is not prose, changes"
            return Difference(why=why, status=ProofStatus.UNKNOWN)
        if [event.meaning for event in events_of(old)] != [event.meaning for event in events_of(new)]:
            return Difference(why="the parser's events differ: this changes what the file says")
        return None

    def no_prose(self, before: bytes, after: bytes) -> str | None:
        """A seal over comments, or blocks that tools read."""
        return bound_comments([(side, self.read(side).comments) for side in (before, after)])


LANGUAGE: Final = Yaml()
