"""The same text by the phases of translation (C17 5.1.1.2), as a second front end built another way.

Continued lines are joined first, then the islands are found whose inside is no code (comments,
texts), then what lies between them is cut into words, numbers and signs, the longest of a list of
signs. Every place is that of the text before lines were joined.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.languages.trees import Leaf

SPLICE: Final = rx(rb"\\\r?\n")
ISLAND: Final = rx(rb"//|/\*|[\"'\n]")
SHORE: Final = rx(rb"(?:u8|u|U|L)?(R?)\Z")
QUOTED: Final = {b'"': rx(rb'"(?:\\.|[^"\\\n])*"', re.DOTALL), b"'": rx(rb"'(?:\\.|[^'\\\n])*'", re.DOTALL)}
RAW_HEAD: Final = rx(rb'"([^ ()\\\t\v\f\r\n"]{0,16})\(')
BETWEEN: Final = rx(rb"[ \t\f\r]+|[^ \t\f\r]+")
WORDS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
DIGITS: Final = frozenset(b"0123456789")
SIGNS: Final = (
    b"... <<= >>= ->* <=> -> << >> <= >= == != && || ++ -- += -= *= /= %= &= ^= |= ## :: .* "
    b"+ - * / % & | ^ ~ ! = < > ? : ; , . ( ) [ ] { } #"
).split()
BY_FIRST: Final = {sign[0]: tuple(one for one in SIGNS if one[0] == sign[0]) for sign in SIGNS}
"""Longest first, as they are written above."""
HEADED: Final = rx(rb"[ \t]*#[ \t]*(include|include_next|import|embed)[ \t]*(<[^>\n]*>|\"[^\"\n]*\")")
MESSAGE: Final = rx(rb"[ \t]*#[ \t]*(?:error|warning)\b[ \t]*([^\n]*)")


def by_phases(content: bytes, *, plus: bool) -> tuple[list[Leaf], list[Leaf]]:
    """Tokens and comments by their places; `plus`: raw strings and parted digits are known.

    Raises:
        UnreadableError: the text is not understood.
    """
    work = _Phases(content, plus=plus)
    work.run()
    return work.tokens, work.comments


class _Phases:
    """One pass over the joined text."""

    def __init__(self, content: bytes, *, plus: bool) -> None:
        self.tokens: list[Leaf] = []
        self.comments: list[Leaf] = []
        self._plus = plus
        self._joined, self._shifts, self._cuts = _joined(content)

    def run(self) -> None:
        """Cut the whole text, island by island."""
        text, at, fresh = self._joined, 0, True
        while at < len(text):
            if fresh:
                at = self._special(at)
            island = self._island(at)
            end = island.start() if island else len(text)
            shore = self._between(at, end)
            fresh = (island is None or island[0] == b"\n") or (fresh and not text[at:end].strip(b" \t\f\r"))
            if island is None:
                return
            at, fresh = self._pass(island[0], shore, end, fresh=fresh)

    def _island(self, at: int) -> re.Match[bytes] | None:
        """The next place that is no plain code; a quote that parts digits is none."""
        found = ISLAND.search(self._joined, at)
        while found is not None and self._plus and found[0] == b"'" and self._parts_digits(found.start(), at):
            found = ISLAND.search(self._joined, found.end())
        return found

    def _parts_digits(self, quote: int, least: int) -> bool:
        text, start = self._joined, quote
        while start > least and (text[start - 1] in WORDS or text[start - 1] in DIGITS or text[start - 1] in b".'"):
            start -= 1
        run = text[start:quote].lstrip(b".'")
        follows = text[quote + 1 : quote + 2]
        return run[:1].isdigit() and (follows.isalnum() or follows == b"_")

    def _special(self, at: int) -> int:
        """The name of a header, or the message of `#error`: taken as one, without looking inside."""
        text = self._joined
        headed = HEADED.match(text, at)
        if headed is not None:
            self._between(at, headed.start(2))
            self._keep("header", headed.start(2), headed.end(2))
            return headed.end(2)
        said = MESSAGE.match(text, at)
        if said is None:
            return at
        self._between(at, said.start(1))
        body = said[1].rstrip(b" \t\r\f")
        if body:
            self._keep("said", said.start(1), said.start(1) + len(body))
        return said.end(1)

    def _pass(self, sign: bytes, shore: int, at: int, *, fresh: bool) -> tuple[int, bool]:
        """What begins at an island; where the code goes on, and whether a directive may begin there."""
        text = self._joined
        if sign == b"\n":
            return at + 1, True
        if sign == b"//":
            end = text.find(b"\n", at)
            end = len(text) if end < 0 else end
            self._remark(at, at + len(text[at:end].rstrip(b"\r")))
            return end, False
        if sign == b"/*":
            end = text.find(b"*/", at + 2)
            if end < 0:
                raise UnreadableError("a block comment is not closed")
            self._remark(at, end + 2)
            return end + 2, fresh
        return self._quoted(sign, shore, at), False

    def _quoted(self, sign: bytes, shore: int, at: int) -> int:
        text = self._joined
        prefix = SHORE.match(text[shore:at])
        start = shore if prefix is not None and shore < at else at
        if start < at:
            self.tokens.pop()
        if prefix is not None and prefix[1] and sign == b'"' and self._plus:
            head = RAW_HEAD.match(text, at)
            end = -1 if head is None else text.find(b")" + head[1] + b'"', head.end())
            if head is None or end < 0:
                raise UnreadableError("a raw string is not closed")
            stop = end + len(head[1]) + 2
            if any(start < cut <= stop for cut in self._cuts):
                raise UnreadableError("a raw string with a continued line")
        else:
            found = QUOTED[sign].match(text, at)
            if found is None or (prefix is not None and prefix[1]):
                raise UnreadableError("a quote is not closed on its line")
            stop = found.end()
        self._keep("text", start, stop)
        return stop

    def _between(self, at: int, end: int) -> int:
        """Cut plain code; returns where its last word starts when it ends the code, else `end`."""
        last = end
        for run in BETWEEN.finditer(self._joined, at, end):
            if run[0].strip(b" \t\f\r"):
                last = self._cut(run.start(), run.end())
        touches = bool(self.tokens) and last < end and self.tokens[-1].end == self._place(end, ends=True)
        return last if touches else end

    def _cut(self, at: int, end: int) -> int:
        text, last = self._joined, end
        while at < end:
            first, stop = text[at], at + 1
            kind = "sign"
            if first in WORDS:
                while stop < end and (text[stop] in WORDS or text[stop] in DIGITS):
                    stop += 1
                kind = "word"
            elif first in DIGITS or (first == ord(".") and stop < end and text[stop] in DIGITS):
                stop, kind = self._number(stop, end), "number"
            else:
                sign = next((one for one in BY_FIRST.get(first, ()) if text.startswith(one, at)), None)
                if sign is None or at + len(sign) > end:
                    raise UnreadableError("a sign that is none of C")
                stop = at + len(sign)
            self._keep(kind, at, stop)
            last = at if kind == "word" and stop == end else end
            at = stop
        return last

    def _number(self, at: int, end: int) -> int:
        text = self._joined
        while at < end:
            one = text[at]
            exponent = one in b"+-" and text[at - 1] in b"eEpP"
            parts = (
                self._plus and one == ord("'") and at + 1 < end and (text[at + 1] in WORDS or text[at + 1] in DIGITS)
            )
            if not (one in WORDS or one in DIGITS or one == ord(".") or exponent or parts):
                break
            at += 1
        return at

    def _place(self, at: int, *, ends: bool) -> int:
        """A place before lines were joined; an end lies before what was cut out there."""
        number = bisect_right(self._cuts, at - 1 if ends else at)
        return at + self._shifts[number]

    def _keep(self, kind: str, start: int, end: int) -> None:
        self.tokens.append(Leaf(kind, self._place(start, ends=False), self._place(end, ends=True)))

    def _remark(self, start: int, end: int) -> None:
        self.comments.append(Leaf("comment", self._place(start, ends=False), self._place(end, ends=True)))


def _joined(content: bytes) -> tuple[bytes, list[int], list[int]]:
    """The text without splices; how far places moved, and where it was cut (`cuts[n]`: from there on `shifts[n + 1]`)."""
    made: list[bytes] = []
    shifts, cuts = [0], []
    at = length = 0
    for found in SPLICE.finditer(content):
        made.append(content[at : found.start()])
        length += found.start() - at
        at = found.end()
        cuts.append(length)
        shifts.append(shifts[-1] + len(found[0]))
    made.append(content[at:])
    return b"".join(made), shifts, cuts
