"""A cheap look at whether two patterns may match one value: by how they begin and how they end.

Rule kept: False is certain (no value satisfies both), True is not.
"""

from __future__ import annotations

from functools import lru_cache

from magistrate.impact.privilege.model import Atom, Span, Where
from magistrate.impact.privilege.patterns import Glob

_RUNS = frozenset({"run", "run-in", "run-name"})
Ends = tuple[str, str, bool]


@lru_cache(maxsize=16_384)
def ends(pattern: Glob) -> Ends:
    """The signs before the first wildcard, those after the last, and whether the pattern is nothing but signs."""
    tokens = pattern.tokens
    first = next((at for at, token in enumerate(tokens) if len(token) != 1), len(tokens))
    if first == len(tokens):
        text = "".join(tokens)
        return text, text, True
    last = next(at for at in range(len(tokens) - 1, -1, -1) if len(tokens[at]) != 1)
    return "".join(tokens[:first]), "".join(tokens[last + 1 :]), False


def touch(left: Atom, right: Atom) -> bool:
    """Whether one value may match both."""
    if isinstance(left, Span) and isinstance(right, Span):
        return left.low <= right.high and right.low <= left.high
    if not isinstance(left, Glob) or not isinstance(right, Glob):
        return True
    (head, tail, whole), (other_head, other_tail, other_whole) = ends(left), ends(right)
    if whole and other_whole:
        return head == other_head
    if whole:
        return head.startswith(other_head) and head.endswith(other_tail)
    if other_whole:
        return other_head.startswith(head) and other_head.endswith(tail)
    return (head.startswith(other_head) or other_head.startswith(head)) and (
        tail.endswith(other_tail) or other_tail.endswith(tail)
    )


class Touched:
    """The patterns of one condition, arranged so that most that do not touch them are told in one look."""

    def __init__(self, where: Where) -> None:
        self.by_head: dict[str, list[Atom]] = {}
        self.others: list[Atom] = []
        globs = [atom for atom in where.among if isinstance(atom, Glob)]
        self.size = min((len(ends(atom)[0]) for atom in globs), default=0)
        for atom in where.among:
            if isinstance(atom, Glob):
                self.by_head.setdefault(ends(atom)[0][: self.size], []).append(atom)
            else:
                self.others.append(atom)

    def by(self, atom: Atom) -> bool:
        """Whether some value may match the pattern and the condition."""
        if any(touch(atom, one) for one in self.others):
            return True
        if not isinstance(atom, Glob):
            return any(touch(atom, one) for found in self.by_head.values() for one in found)
        head, _, whole = ends(atom)
        if len(head) >= self.size or whole:
            return any(touch(atom, one) for one in self.by_head.get(head[: self.size], ()))
        return any(touch(atom, one) for key, found in self.by_head.items() if key.startswith(head) for one in found)


def presence(where: Where) -> bool:
    """Whether the condition holds only for requests with one value, which one of its patterns matches."""
    return not where.negated and not where.absent and where.each is None
