"""The lexer of running text: words, points, and everything that is more than a word.

Markdown (CommonMark 0.31, sections 2.4, 6.1, 6.3) and reStructuredText share the shapes that
matter here. What the lexer does not know is a sign, and signs have to be the same on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from magistrate.impact.compiled import rx

WORD: Final = rx(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
SHORT_FORMS: Final = frozenset({"e.g", "i.e", "a.k.a"})
TOKEN: Final = rx(
    r"(?P<rest> {2,}\n|\\\r?\n)|(?P<blank>[ \t\r\n]+)|(?P<ticks>`+)|(?P<target>\]\([ \t\n]*)|(?P<escape>\\.)"
    r"|(?P<url>(?:[A-Za-z][A-Za-z0-9+.-]{1,20}://|mailto:|www\.)[^\s<>\"'`\])|]*)"
    r"|(?P<chunk>(?:[\w'\u2019.\-/@+#$%=&:~^]|(?<=\d),(?=\d))+)|(?P<point>[,;!?()\"\u201c\u201d\u2018\u2013\u2014\u2026])|(?P<sign>.)",
    re.DOTALL,
)
TICKS: Final = rx(r"`+")
ENDS: Final = rx(r"(?:[.:'\u2019-])\Z")
REFERENCE: Final = rx(r"(`[^`<>]*<)([^\s<>`]+)(>`)\Z")


class Kind(StrEnum):
    """What an atom is."""

    WORD = "word"
    POINT = "point"
    SIGN = "sign"
    CODE = "code"
    NUMBER = "number"
    TARGET = "target"
    BREAK = "break"


PLAIN: Final = frozenset({Kind.WORD, Kind.POINT})


@dataclass(frozen=True, slots=True)
class Atom:
    """One piece of running text; `glued` when no blank stands before it."""

    kind: Kind
    text: str
    glued: bool = False

    @property
    def key(self) -> tuple[Kind, str]:
        """What two sides compare."""
        return self.kind, self.text


def atoms(text: str) -> tuple[Atom, ...]:
    """Everything but the blanks, in order; a line end is a blank, a hard line break is not."""
    return tuple(_atoms(text.strip()))


def is_text(atom: Atom) -> bool:
    """Whether an atom is nothing but a word or a point."""
    return atom.kind in PLAIN


def _atoms(text: str) -> Iterator[Atom]:
    at, glued = 0, False
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:  # pragma: no cover - the last group takes any character
            return
        group, shown, at = found.lastgroup, found[0], found.end()
        if group == "blank":
            glued = False
            continue
        if group == "ticks":
            yield from _quoted(text, found.start(), at, glued=glued)
            at = _quote_end(text, found.start(), at)
        elif group == "target":
            end = _target_end(text, at)
            yield Atom(Kind.SIGN, "](", glued)
            yield Atom(Kind.TARGET, text[at:end], glued=True)
            at = end
        elif group == "url":
            core = shown.rstrip(".,;:!?")
            yield Atom(Kind.TARGET, core, glued)
            at = found.start() + len(core)
        elif group == "chunk":
            yield from _chunk(shown, glued=glued, role=text.startswith("`", at))
        else:
            kind = {"rest": Kind.BREAK, "point": Kind.POINT}.get(str(group), Kind.SIGN)
            yield Atom(kind, "" if kind is Kind.BREAK else shown, glued)
        glued = group != "rest"


def _quote_end(text: str, start: int, opened: int) -> int:
    """The end of a code span: the next run of as many backticks; without one, of the run itself."""
    for run in TICKS.finditer(text, opened):
        if run.end() - run.start() == opened - start:
            return run.end()
    return opened


def _quoted(text: str, start: int, opened: int, *, glued: bool) -> Iterator[Atom]:
    end = _quote_end(text, start, opened)
    if end == opened:
        yield Atom(Kind.SIGN, text[start:opened], glued)
        return
    shown = re.sub(r"\s*\n\s*", " ", text[start:end])
    reference = REFERENCE.match(shown)
    if reference is None or not text.startswith("_", end):
        yield Atom(Kind.CODE, shown, glued)
        return
    yield Atom(Kind.CODE, reference[1] + reference[3], glued)
    yield Atom(Kind.TARGET, reference[2], glued=True)


def _target_end(text: str, at: int) -> int:
    """Where the destination of a link ends: at a blank or the bracket that closes it."""
    if text.startswith("<", at):
        end = text.find(">", at)
        return len(text) if end < 0 else end + 1
    depth, end = 0, at
    while end < len(text):
        char = text[end]
        if char.isspace() or (char == ")" and not depth):
            return end
        depth += (char == "(") - (char == ")")
        end += 1
    return end


def _chunk(shown: str, *, glued: bool, role: bool) -> Iterator[Atom]:
    """Points before and behind a word or name; what touches code with a colon is its role."""
    start = re.match(r"['\u2019]*", shown)
    head = start[0] if start else ""
    core, tail = shown[len(head) :], ""
    for mark in head:
        yield Atom(Kind.POINT, mark, glued)
        glued = True
    while core and not (role and ":" in core) and not core.endswith("::") and ENDS.search(core):
        core, tail = core[:-1], core[-1] + tail
    if core:
        yield Atom(_kind(core), core, glued)
        glued = True
    for mark in tail:
        yield Atom(Kind.POINT, mark, glued)
        glued = True


def _kind(core: str) -> Kind:
    if WORD.fullmatch(core) or core.lower() in SHORT_FORMS:
        return Kind.WORD
    return Kind.NUMBER if any(char.isdigit() for char in core) else Kind.SIGN
