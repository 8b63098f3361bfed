"""Which patterns of a condition may match what another pattern matches, most of them told in one look.

Rule kept: a pattern that is left out certainly matches nothing that the other does; one that is told may not either.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from magistrate.impact.privilege.model import Atom, Span, Where
from magistrate.impact.privilege.relations import cover, depth, ends, meet, outline
from magistrate.impact.privilege.work import Work

FEW: Final = 6
"""Patterns up to which each is looked at by itself."""


class Touched:
    """The patterns of one condition, arranged by how they begin."""

    def __init__(self, where: Where) -> None:
        self.among = where.among
        self.every = frozenset(where.among)
        self.deep = max(map(depth, where.among), default=0)
        self.numbers: list[int] = []
        self.plain: dict[str, list[int]] = {}
        self.wild: dict[str, list[int]] = {}
        self.sizes: list[int] = []
        self.texts: list[str] | None = None
        self.heads: list[str] = []
        if len(where.among) > FEW:
            self._arrange()

    def _arrange(self) -> None:
        for at, atom in enumerate(self.among):
            if isinstance(atom, Span):
                self.numbers.append(at)
                continue
            head, _, whole = ends(outline(atom))
            (self.plain if whole else self.wild).setdefault(head, []).append(at)
        self.sizes = sorted({len(head) for head in self.wild})

    def those(self, atom: Atom, work: Work) -> tuple[Atom, ...]:
        """The patterns, in their order, that may match a value which the given one matches."""
        return tuple(one for one in self._looked_at(atom, work) if meet(atom, one))

    def by(self, atom: Atom, work: Work) -> bool:
        """Whether some value may match the pattern and the condition."""
        return atom in self.every or any(meet(atom, one) for one in self._looked_at(atom, work))

    def covers(self, atom: Atom, work: Work) -> bool:
        """Whether one pattern matches all that the given one does; True is certain."""
        return atom in self.every or any(cover(one, atom) for one in self._looked_at(atom, work))

    def _looked_at(self, atom: Atom, work: Work) -> Sequence[Atom]:
        """The patterns that are looked at one by one, which is counted."""
        few = len(self.among) <= FEW
        found = self.among if few else [self.among[at] for at in sorted(self._near(atom))]
        far = depth(atom) if self.deep else 0
        work.spend(1 + len(found) * (1 + (far + self.deep) // 8 if far else 1))
        return found

    def _near(self, atom: Atom) -> Iterator[int]:
        """Those that begin as the pattern does, or as it may."""
        if isinstance(atom, Span):
            yield from self.numbers
            return
        head, _, whole = ends(outline(atom))
        for size in self.sizes:
            if size > len(head) or (size == len(head) and not whole):
                break
            yield from self.wild.get(head[:size], ())
        if whole:
            yield from self.plain.get(head, ())
            return
        if self.texts is None:
            self.texts, self.heads = sorted(self.plain), sorted(self.wild)
        for line, by_head in ((self.texts, self.plain), (self.heads, self.wild)):
            at = bisect_left(line, head)
            while at < len(line) and line[at].startswith(head):
                yield from by_head[line[at]]
                at += 1


@lru_cache(maxsize=4_096)
def touched(where: Where) -> Touched:
    """The patterns of a condition, arranged once."""
    return Touched(where)


def presence(where: Where) -> bool:
    """Whether the condition holds only for requests with one value, which one of its patterns matches."""
    return not where.negated and not where.absent and where.each is None
