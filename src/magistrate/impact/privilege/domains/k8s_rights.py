"""One right of a pod as a box: a `right` and what it is a right to."""

from __future__ import annotations

from dataclasses import dataclass

from magistrate.impact.privilege.model import Place, Statement, Where, literals
from magistrate.impact.privilege.patterns import Glob


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A right: `kind`, the conditions on what it is to, in words; `is_power`: code that holds it holds power."""

    kind: str
    where: tuple[Where, ...]
    says: str
    is_power: bool = False
    place: Place | None = None

    def statement(self, folder: Where, place: Place) -> Statement:
        """The same as a statement."""
        return Statement(
            where=(folder, literals("right", self.kind), *self.where), place=self.place or place, says=self.says[:120]
        )

    def of(self, dimension: str) -> str:
        """The one value that it names in a dimension; empty where it names none, or a pattern."""
        for where in self.where:
            if where.dimension == dimension and len(where.among) == 1:
                atom = where.among[0]
                return (atom.literal or "") if isinstance(atom, Glob) else ""
        return ""


def right(kind: str, *where: Where, says: str, power: bool = False, place: Place | None = None, **named: str) -> Right:
    """A right to what is named: dimensions with one value each, and further conditions."""
    literal = tuple(literals(dimension, value) for dimension, value in sorted(named.items()))
    return Right(kind=kind, where=(*literal, *where), says=says, is_power=power, place=place)
