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

from magistrate.impact.privilege.model import Atom, Layer, Span, Statement, Where
from magistrate.impact.privilege.patterns import glob
from magistrate.impact.privilege.touching import presence, touched
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
    named: frozenset[str] = frozenset()
    """All dimensions that any condition speaks of."""


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
        named=frozenset(where.dimension for where in wheres),
    )


def kept_shape(shape: Shape, dimension: str) -> Where | None:
    """A condition that nothing asks for, so that a dimension keeps the kinds of values that it has in the whole question."""
    if dimension not in shape.many | shape.optional | shape.mixed:
        return None
    among = (glob("*"), Span(0, 0)) if dimension in shape.mixed else ()
    each = True if dimension in shape.many else None
    absent = True if dimension in shape.optional else None
    return Where(dimension=dimension, among=among, negated=True, absent=absent, each=each)


def opposite(where: Where, shape: Shape) -> Where:
    """What holds where the condition does not."""
    absent = None if where.absent is None else not where.absent
    each = not where.each if where.dimension in shape.many else None
    return Where(dimension=where.dimension, among=where.among, negated=not where.negated, absent=absent, each=each)


def narrowed(question: Question, shape: Shape, work: Work) -> Question:
    """The same question without what cannot matter, and with the facts that follow.

    Raises:
        ImpossibleError: the answer is no.
        TooManyError: that takes too much work.
    """
    now = question
    settled: tuple[Where, ...] = ()
    while True:
        known = _Known(now.facts, shape, work)
        mine = tuple(layer for one in now.mine if (layer := known.required(one)) is not None)
        others = tuple(held for one in now.others if (held := known.refused(one)) is not None)
        facts = tuple(known.facts)
        if facts != settled:
            facts = settled = known.tidied()
        after = Question(mine, others, facts)
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
        self.present: dict[str, list[Where]] = {}
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
        against = opposite(fact, self.shape)
        self.against.add(against)
        if against.each is False:
            self.against.add(replace(against, each=None))  # which means the same where there are several values
        # what is true of one value of several is not of the others
        if fact.dimension not in self.shape.many and presence(fact):
            self.present.setdefault(fact.dimension, []).append(fact)

    def left_of(self, where: Where) -> Where | bool:
        """The condition without patterns that match nothing here; or whether it holds, where that is certain."""
        if where in self.facts:
            return ALWAYS
        if where in self.against:
            return NEVER
        present = self.present.get(where.dimension)
        if present is None:
            return where
        among = where.among
        for fact in present:
            among, whole = self._near(fact, where, among)
            if whole:
                return not where.negated
            if not among:
                return where.negated
        return where if len(among) == len(where.among) else replace(where, among=among)

    def _near(self, fact: Where, where: Where, among: tuple[Atom, ...]) -> tuple[tuple[Atom, ...], bool]:
        """The patterns that may match what the fact does, and whether they certainly match all of it."""
        if len(fact.among) > 1:
            near = touched(fact)
            left = tuple(atom for atom in among if near.by(atom, self.work))
            return left, len(left) >= len(fact.among) and set(fact.among) <= set(left)
        if not fact.among:
            return (), False
        (atom,) = fact.among
        near = touched(where)
        if near.covers(atom, self.work):
            return among, True
        those = near.those(atom, self.work)
        return those if among is where.among else tuple(one for one in among if one in those), False

    def tidied(self) -> tuple[Where, ...]:
        """The facts, those that name values without what other facts rule out.

        Raises:
            ImpossibleError: nothing is left of one.
        """
        told: dict[Where, None] = {}
        for fact in self.facts:
            left: Where | None = fact
            if fact.dimension in self.present:
                if presence(fact):
                    left = self._tidied(fact, [one for one in self.facts if one.dimension == fact.dimension])
                elif fact.negated:
                    left = self._near_facts(fact)
            if left is not None:
                told[left] = None
        return tuple(told)

    def _tidied(self, fact: Where, every: Sequence[Where]) -> Where:
        among = fact.among
        for other in every:
            if other == fact:
                continue
            near = touched(other)
            if other.negated:
                among = tuple(atom for atom in among if not near.covers(atom, self.work))
            elif presence(other):
                among = tuple(atom for atom in among if near.by(atom, self.work))
        if not among:
            raise ImpossibleError
        return fact if len(among) == len(fact.among) else replace(fact, among=among)

    def _near_facts(self, fact: Where) -> Where | None:
        """What is left of a fact that rules values out; None where none of them is possible."""
        among = fact.among
        for other in self.present[fact.dimension]:
            near = touched(other)
            among = tuple(atom for atom in among if near.by(atom, self.work))
        return None if not among else fact if len(among) == len(fact.among) else replace(fact, among=among)

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
        if len(statement.where) != 1:
            return False
        self.learn(opposite(statement.where[0], self.shape))
        return True


def _boxed(statement: Statement, where: tuple[Where, ...]) -> Statement:
    return statement if where == statement.where else replace(statement, where=where)
