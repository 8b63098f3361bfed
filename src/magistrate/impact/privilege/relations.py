"""How two patterns stand to one another: whether some string matches both, whether one matches all that the other does.

Rule kept: `meets` is certain where it says False, `covers` where it says True. The other answers are exact too for
patterns of few wildcards (`meets`) and where the covered one has none (`covers`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from magistrate.impact.privilege.model import Atom, Span, Varying
from magistrate.impact.privilege.patterns import RUN, Glob

_RUNS: Final = frozenset({"run", "run-in", "run-name"})
_WILD: Final = {"any": "", "run": "", "any-in": ":", "run-in": ":", "any-name": "/", "run-name": "/"}
"""The forms of a wildcard, with the sign that each stops at."""
MAX_WILD: Final = 64
"""Wildcards of one pattern times those of another up to which the two are looked at closely."""
Ends = tuple[str, str, bool]


@lru_cache(maxsize=32_768)
def ends(pattern: Glob) -> Ends:
    """The signs before the first wildcard, those after the last, and whether the pattern is nothing but signs."""
    tokens = pattern.tokens
    first = next((at for at, token in enumerate(tokens) if len(token) != 1), len(tokens))
    if first == len(tokens):
        text = "".join(tokens)
        return text, text, True
    last = next(at for at in range(len(tokens) - 1, -1, -1) if len(tokens[at]) != 1)
    return "".join(tokens[:first]), "".join(tokens[last + 1 :]), False


@lru_cache(maxsize=8_192)
def _relaxed(atom: Varying) -> Glob:
    return atom.relaxed


def outline(atom: Glob | Varying) -> Glob:
    """What an atom matches at most, whatever the values of its variables."""
    return _relaxed(atom) if isinstance(atom, Varying) else atom


def meet(left: Atom, right: Atom) -> bool:
    """Whether one value may match both; False is certain."""
    if isinstance(left, Span) or isinstance(right, Span):
        if isinstance(left, Span) and isinstance(right, Span):
            return left.low <= right.high and right.low <= left.high
        return False  # a number is no text
    return meets(outline(left), outline(right))


def cover(wide: Atom, narrow: Atom) -> bool:
    """Whether whatever matches `narrow` matches `wide`; True is certain."""
    if wide == narrow:
        return True
    if isinstance(wide, Span) or isinstance(narrow, Span):
        if isinstance(wide, Span) and isinstance(narrow, Span):
            return wide.low <= narrow.low and narrow.high <= wide.high
        return False
    return isinstance(wide, Glob) and covers(wide, outline(narrow))


@lru_cache(maxsize=32_768)
def depth(atom: Atom) -> int:
    """The tokens that a close look at this pattern goes through; none where a look at its beginning is enough."""
    if isinstance(atom, Span):
        return 0
    pattern = outline(atom)
    head, _, whole = ends(pattern)
    return 0 if whole or _ends_free(pattern, head) else len(pattern.tokens)


@lru_cache(maxsize=32_768)
def _wild(pattern: Glob) -> int:
    return sum(token in _WILD for token in pattern.tokens)


def meets(one: Glob, other: Glob) -> bool:
    """Whether some string matches both; False is certain."""
    (head, tail, whole), (other_head, other_tail, other_whole) = ends(one), ends(other)
    if whole or other_whole:
        return covers(other, one) if whole else covers(one, other)
    if not (head.startswith(other_head) or other_head.startswith(head)):
        return False
    if not (tail.endswith(other_tail) or other_tail.endswith(tail)):
        return False
    if _ends_free(one, head) and _ends_free(other, other_head):
        return True
    return _wild(one) * _wild(other) > MAX_WILD or _meets(one, other)


def _ends_free(pattern: Glob, head: str) -> bool:
    """Whether a pattern is signs and then anything."""
    return len(pattern.tokens) == len(head) + 1 and pattern.tokens[-1] == RUN


@lru_cache(maxsize=65_536)
def _meets(one: Glob, other: Glob) -> bool:
    mine, theirs = one.tokens, other.tokens
    same = min(len(ends(one)[0]), len(ends(other)[0]))
    seen = {(same, same)}
    line = [(same, same)]
    while line:
        at, to = line.pop()
        if at == len(mine) and to == len(theirs):
            return True
        left = mine[at] if at < len(mine) else None
        right = theirs[to] if to < len(theirs) else None
        for step in _steps(left, right, at, to):
            if step not in seen:
                seen.add(step)
                line.append(step)
    return False


def _steps(left: str | None, right: str | None, at: int, to: int) -> list[tuple[int, int]]:
    """Where two patterns may stand after a run has ended, or after one more sign."""
    found: list[tuple[int, int]] = []
    runs, other_runs = left in _RUNS, right in _RUNS
    if runs:
        found.append((at + 1, to))
    if other_runs:
        found.append((at, to + 1))
    if left is not None and right is not None and not (runs and other_runs) and _share(left, right):
        found.append((at if runs else at + 1, to if other_runs else to + 1))
    return found


def _share(left: str, right: str) -> bool:
    """Whether some sign is taken by both tokens."""
    stop, other_stop = _WILD.get(left), _WILD.get(right)
    if stop is not None and other_stop is not None:
        return True
    if stop is not None:
        return any(sign != stop for sign in right)
    if other_stop is not None:
        return any(sign != other_stop for sign in left)
    return left == right or any(sign in right for sign in left)


def covers(wide: Glob, narrow: Glob) -> bool:
    """Whether every string of `narrow` is one of `wide`: True is certain; for a plain `narrow` False is too."""
    (head, tail, whole), (inner, inner_tail, plain) = ends(wide), ends(narrow)
    if whole:
        return plain and head == inner
    if not inner.startswith(head) or not inner_tail.endswith(tail):
        return False
    if _ends_free(wide, head):
        return True
    return _wild(wide) * _wild(narrow) <= MAX_WILD and _covers(wide, narrow)


@lru_cache(maxsize=65_536)
def _covers(wide: Glob, narrow: Glob) -> bool:
    """Reads the one with the tokens of the other: a place counts as reached where every string of those tokens leads to it."""
    tokens = wide.tokens
    places = _opened({0}, tokens)
    for token in narrow.tokens:
        after: set[int] = set()
        for place in places:
            mine = tokens[place] if place < len(tokens) else None
            if mine is None or not _takes(mine, token):
                continue
            if mine in _RUNS:
                after.add(place)
            elif token not in _RUNS:
                after.add(place + 1)
        places = _opened(after, tokens)
        if not places:
            return False
    return len(tokens) in places


def _takes(wide: str, token: str) -> bool:
    """Whether one token takes every sign that the other does."""
    stop, other = _WILD.get(wide), _WILD.get(token)
    if stop is None:
        return other is None and all(sign in wide for sign in token)
    if not stop:
        return True
    return other == stop if other is not None else stop not in token


def _opened(places: set[int], tokens: tuple[str, ...]) -> set[int]:
    found, line = set(places), list(places)
    while line:
        place = line.pop()
        if place < len(tokens) and tokens[place] in _RUNS and place + 1 not in found:
            found.add(place + 1)
            line.append(place + 1)
    return found
