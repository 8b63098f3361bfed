"""What is left of a question once something is certain: conditions that follow, boxes that cannot matter.

The question is whether some request is allowed by every layer of one holder and by none of the other
holders. Some conditions are certain of such a request (**facts**): those of the statement that allows it;
those of the only statement of a layer that still can; the opposite of a deny, and of what a layer that
has to fail would allow. Patterns that touch no fact match nothing here, and boxes of them are left out.

Rule kept: exactly the requests of the question are those of what is left of it, as far as the facts hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from magistrate.impact.privilege.model import Layer, Span, Statement, Where
from magistrate.impact.privilege.patterns import glob
from magistrate.impact.privilege.touching import Touched, presence
from magistrate.impact.privilege.work import Work

Held = tuple[Layer, ...]


class ImpossibleError(Exception):
    """No request fits the question."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What kinds of values the dimensions of the whole question have: several at once, or none at all."""

    many: frozenset[str]
    optional: frozenset[str]
    mixed: frozenset[str] = frozenset()
    """Dimensions with both numbers and texts."""


@dataclass(frozen=True, slots=True)
class Question:
    """`mine` allows, in every layer; each of `others` refuses, in some layer; `facts` hold."""

    mine: Held
    others: tuple[Held, ...]
    facts: tuple[Where, ...]


def shape_of(sides: Iterable[Held]) -> Shape:
    """The kinds of values of all conditions."""
    wheres = {where for layers in sides for layer in layers for one in layer.statements for where in one.where}
    numbers = {where.dimension for where in wheres if any(isinstance(atom, Span) for atom in where.among)}
    texts = {where.dimension for where in wheres if any(not isinstance(atom, Span) for atom in where.among)}
    return Shape(
        many=frozenset(where.dimension for where in wheres if where.each is not None),
        optional=frozenset(where.dimension for where in wheres if where.absent is not None),
        mixed=frozenset(numbers & texts),
    )


def kept_shape(shape: Shape, dimension: str) -> Where | None:
    """A condition that nothing asks for, so that a dimension keeps the kinds of values that it has in the whole question."""
    if dimension not in shape.many | shape.optional | shape.mixed:
        return None
    among = (glob("*"), Span(0, 0)) if dimension in shape.mixed else ()
    each = True if dimension in shape.many else None
    absent = True if dimension in shape.optional else None
    return Where(dimension=dimension, among=among, negated=True, absent=absent, each=each)


def opposite(where: Where) -> Where:
    """What holds where the condition does not; only where a request has one value."""
    absent = None if where.absent is None else not where.absent
    return Where(dimension=where.dimension, among=where.among, negated=not where.negated, absent=absent)


def narrowed(question: Question, shape: Shape, work: Work) -> Question:
    """The same question without what cannot matter, and with the facts that follow.

    Raises:
        ImpossibleError: the answer is no.
        TooManyError: that takes too much work.
    """
    now = question
    while True:
        known = _Known(now.facts, shape, work)
        mine = tuple(layer for one in now.mine if (layer := known.required(one)) is not None)
        others = tuple(held for one in now.others if (held := known.refused(one)) is not None)
        after = Question(mine, others, tuple(known.facts))
        if after == now:
            return after
        now = after


ALWAYS: Final = True
NEVER: Final = False


class _Known:
    """Facts, and what they make of conditions."""

    def __init__(self, facts: Sequence[Where], shape: Shape, work: Work) -> None:
        self.shape, self.work = shape, work
        self.facts: dict[Where, None] = {}
        self.against: set[Where] = set()
        self.touched: dict[str, list[Touched]] = {}
        for fact in facts:
            self.learn(fact)

    def learn(self, fact: Where) -> None:
        """One thing more is certain.

        Raises:
            ImpossibleError: it cannot be.
        """
        if fact in self.facts:
            return
        if fact in self.against:
            raise ImpossibleError
        self.facts[fact] = None
        if fact.dimension not in self.shape.many:  # what is true of one value of several is not of the others
            self.against.add(opposite(fact))
            if presence(fact):
                self.touched.setdefault(fact.dimension, []).append(Touched(fact))

    def left_of(self, where: Where) -> Where | bool:
        """The condition without patterns that match nothing here; or whether it holds, where that is certain."""
        if where in self.facts:
            return ALWAYS
        if where in self.against:
            return NEVER
        touched = self.touched.get(where.dimension)
        if touched is None:
            return where
        self.work.spend(len(where.among))
        among = tuple(atom for atom in where.among if all(one.by(atom) for one in touched))
        if not among:
            return where.negated
        return where if len(among) == len(where.among) else replace(where, among=among)

    def box(self, statement: Statement) -> Statement | None:
        """What is left of a statement; None where it speaks of no request that is asked about."""
        left: list[Where] = []
        for where in statement.where:
            found = self.left_of(where)
            if found is NEVER:
                return None
            if isinstance(found, Where):
                left.append(found)
        return _boxed(statement, tuple(left))

    def layer(self, layer: Layer) -> tuple[list[Statement], list[Statement]]:
        """What is left of what it allows and of what it denies."""
        self.work.spend(1 + len(layer.statements))
        found = dict.fromkeys(box for one in layer.statements if (box := self.box(one)) is not None)
        return [one for one in found if one.allow], [one for one in found if not one.allow]

    def required(self, layer: Layer) -> Layer | None:
        """What is left of a layer that has to allow; None where it does.

        Raises:
            ImpossibleError: it cannot.
        """
        allows, denies = self.layer(layer)
        if not allows or any(not one.where for one in denies):
            raise ImpossibleError
        denies = [one for one in denies if not self._never(one)]
        if len(allows) == 1:
            for where in allows[0].where:
                self.learn(where)
            allows = [_boxed(allows[0], ())]
        allows = next(([one] for one in allows if not one.where), allows)
        if not allows[0].where and not denies:
            return None
        return Layer(statements=(*allows, *denies))

    def refused(self, held: Held) -> Held | None:
        """What is left of a holder that has to refuse; None where it does.

        Raises:
            ImpossibleError: it cannot.
        """
        left: list[tuple[list[Statement], list[Statement]]] = []
        for layer in held:
            allows, denies = self.layer(layer)
            if not allows or any(not one.where for one in denies):
                return None
            free = next(([one] for one in allows if not one.where), None)
            if free is None or denies:
                left.append((free or allows, denies))
        if not left:
            raise ImpossibleError
        if len(left) == 1 and not left[0][1]:
            allows = [one for one in left[0][0] if not self._never(one)]
            if not allows:
                return None
            left = [(allows, [])]
        return tuple(Layer(statements=(*allows, *denies)) for allows, denies in left)

    def _never(self, statement: Statement) -> bool:
        """Learn that a statement of one condition does not hold; False where that is no single condition."""
        if len(statement.where) != 1 or statement.where[0].dimension in self.shape.many:
            return False
        self.learn(opposite(statement.where[0]))
        return True


def _boxed(statement: Statement, where: tuple[Where, ...]) -> Statement:
    return statement if where == statement.where else replace(statement, where=where)
