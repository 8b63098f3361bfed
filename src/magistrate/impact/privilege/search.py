"""Is there a request that one side allows and the other does not? Exact, with the request.

Both sides are a choice (any holder) of conjunctions (all layers) of boxes with denies. Each kind of
value of a dimension keeps some boxes alive; a request is one kind for each dimension, and what it
comes to depends only on the set of boxes that all its kinds keep alive. So the search walks the
dimensions one by one and remembers each set of boxes once (Relia, ASE 2025, forms such classes ahead
of a solver; here nothing is left for a solver to do).

Rule kept: the answer is exact, or `TooManyError` says that there is none. A request that rests on
open variables is only a candidate until `replay` has shown it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.privilege.answers import Answers
from magistrate.impact.privilege.dimensions import Shown, kinds
from magistrate.impact.privilege.fitting import value
from magistrate.impact.privilege.model import Statement, Where, order
from magistrate.impact.privilege.narrowing import Held, ImpossibleError, Question, Shape, kept_shape, narrowed, shape_of
from magistrate.impact.privilege.patterns import MAX_STATES, TooManyError
from magistrate.impact.privilege.splitting import by_conditions, by_layers, by_patterns, size
from magistrate.impact.privilege.touching import presence
from magistrate.impact.privilege.work import Work

FEW_SETS: Final = 4_000
"""Sets of boxes up to which a question is not taken apart any further."""
FEW_STATES: Final = 2_000
"""The same for the states of the automaton of its patterns."""
NEVER_TRIED: Final = 1 << 62
Boxes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A request allowed on one side only, and the statement that allows it."""

    request: Mapping[str, Shown]
    by: Statement


def found_only(
    after: Sequence[Held], before: Sequence[Held], work: Work | None = None, answers: Answers | None = None
) -> Iterator[Found]:
    """For each statement of `after` that brings something: one request that `before` does not allow.

    `answers` are those that were found for other actors of the same two states.

    Raises:
        TooManyError: the kinds of values cannot be told apart within bounds, or there is no work left.
    """
    work, answers = work or Work(), answers or Answers()
    held = dict.fromkeys(_plain(layers) for layers in before)
    others, shape = frozenset(held), shape_of((*after, *before))
    for layers in after:
        mine = _plain(layers)
        if mine in held or not mine:
            continue
        candidates = list(_candidates(mine, tuple(held)))
        whole: tuple[Statement | None, ...] = (None,) if len(candidates) > 1 and len(layers) > 1 else ()
        for statement in (*whole, *candidates):
            asked = mine, statement
            if answers.is_none(asked, others, shape):
                request = None
            else:
                request = answers.again(asked, layers, before, work)
                if request is None:
                    request = _first(statement.where if statement else (), layers, before, shape, work)
                    answers.learn(asked, others, shape, request)
            if statement is None and request is None:
                break
            if statement is not None and request is not None:
                yield Found(request, statement)


@dataclass(frozen=True, slots=True)
class _Plain:
    """The statements of a layer without their order: those that allow and those that deny."""

    allows: frozenset[Statement]
    denies: frozenset[Statement]


def _plain(layers: Held) -> tuple[_Plain, ...]:
    return tuple(
        _Plain(
            frozenset(one for one in layer.statements if one.allow),
            frozenset(one for one in layer.statements if not one.allow),
        )
        for layer in layers
    )


def _candidates(mine: tuple[_Plain, ...], held: Sequence[tuple[_Plain, ...]]) -> Iterator[Statement]:
    """Allowing statements of the first layer, without those that some holder of the other side has no less freely.

    Every request that a holder allows is allowed by some statement of its first layer.
    """
    freer = [other[0].allows for other in held if _covers(other, mine)]
    for statement in sorted(mine[0].allows, key=order):
        if not any(statement in allows for allows in freer):
            yield statement


def _covers(other: tuple[_Plain, ...], mine: tuple[_Plain, ...]) -> bool:
    """Whether the other holder allows at least what this one allows by a statement that both have: certain, not complete."""
    if not other or not other[0].denies <= mine[0].denies:
        return False
    return all(any(_freer(theirs, ours) for ours in mine[1:]) for theirs in other[1:])


def _freer(theirs: _Plain, ours: _Plain) -> bool:
    return theirs.denies <= ours.denies and ours.allows <= theirs.allows


def _first(
    seed: tuple[Where, ...], mine: Held, before: Sequence[Held], shape: Shape, work: Work
) -> Mapping[str, Shown] | None:
    """A request that fits the seed, which `mine` allows and nothing of `before` does."""
    has = frozenset(mine)
    others = tuple(tuple(layer for layer in held if layer not in has) for held in before if held)
    line = [(Question(mine, others, seed), NEVER_TRIED)]
    while line:
        question, failed = line.pop()
        work.spend(1)
        try:
            question = narrowed(question, shape, work)
        except ImpossibleError:
            continue
        parts = by_patterns(question, shape, work) or by_layers(question)
        if parts is None:
            request, parts, failed = _tried(question, shape, work, failed)
            if request is not None:
                return request
        line += [(part, failed) for part in reversed(parts)]
    return None


def _tried(
    question: Question, shape: Shape, work: Work, failed: int
) -> tuple[Mapping[str, Shown] | None, list[Question], int]:
    """A request; or the question in parts, where its kinds are too many, and how many patterns these were for."""
    if not question.mine and not question.others:
        return _fitting(question.facts, shape, work), [], failed
    patterns = size((question.mine, *question.others))
    if patterns <= failed:
        try:
            return _request(question, shape, work), [], failed
        except TooManyError:
            if work.left < 0:
                raise
    parts = by_conditions(question, shape)
    if parts is None:
        raise TooManyError
    return None, parts, min(failed, patterns * 2 // 3)


def _fitting(facts: tuple[Where, ...], shape: Shape, work: Work) -> Mapping[str, Shown] | None:
    """A request for which nothing is left to hold but facts."""
    request: dict[str, Shown] = {}
    for name in sorted({fact.dimension for fact in facts}):
        own = tuple(fact for fact in facts if fact.dimension == name)
        shown = (
            next(iter(_masks(name, (Statement(where=own),), 1, shape, (work, MAX_STATES)).values()), None)
            if name in shape.many
            else value(own, work, mixed=name in shape.mixed, optional=name in shape.optional)
        )
        if shown is None:
            return None
        request[name] = shown
    return request


def _request(question: Question, shape: Shape, work: Work) -> Mapping[str, Shown] | None:
    seed = Statement(where=question.facts)
    held = (question.mine, *question.others)
    every = tuple(dict.fromkeys((seed, *(one for layers in held for layer in layers for one in layer.statements))))
    bit = {statement: 1 << at for at, statement in enumerate(every)}
    mine, others = _boxes([question.mine], bit), _boxes(question.others, bit)
    line = _steps(every, bit[seed], shape, work)
    reached: dict[int, tuple[int, Shown | None]] = {(1 << len(bit)) - 1: (0, None)}
    trail = [reached]
    for _, masks in line:
        reached = _next(reached, masks, work)
        trail.append(reached)
    work.spend(len(reached) * (1 + sum(map(len, others))))
    for mask in reached:
        if _allows(mine[0], mask) and not any(_allows(boxes, mask) for boxes in others):
            return _told(mask, trail, [name for name, _ in line])
    return None


def _boxes(side: Sequence[Held], bit: Mapping[Statement, int]) -> tuple[Boxes, ...]:
    return tuple(
        tuple(
            (
                sum({bit[one] for one in layer.statements if one.allow and one in bit}),
                sum({bit[one] for one in layer.statements if not one.allow and one in bit}),
            )
            for layer in layers
        )
        for layers in side
    )


def _allows(boxes: Boxes, mask: int) -> bool:
    return all(mask & allow and not mask & deny for allow, deny in boxes)


def _steps(every: tuple[Statement, ...], seed: int, shape: Shape, work: Work) -> list[tuple[str, dict[int, Shown]]]:
    """The dimensions, each with the sets of boxes that its kinds keep alive, as far as the seed is among them."""
    names = sorted({where.dimension for statement in every for where in statement.where})
    line = [(name, _masks(name, every, seed, shape, (work, FEW_STATES))) for name in names]
    meeting = (1 << len(every)) - 1
    for _, masks in line:
        alive = 0
        for mask in masks:
            alive |= mask
        meeting &= alive
    narrowed: list[tuple[str, dict[int, Shown]]] = []
    for name, masks in line:
        kept: dict[int, Shown] = {}
        for mask, shown in masks.items():
            kept.setdefault(mask & meeting, shown)
        narrowed.append((name, kept))
    return sorted(narrowed, key=lambda one: (len(one[1]), one[0]))


def _masks(
    name: str, every: tuple[Statement, ...], seed: int, shape: Shape, bound: tuple[Work, int]
) -> dict[int, Shown]:
    """Sets of boxes that values of one dimension keep alive; `bound` is the work left and the states of the automaton."""
    needed: dict[Where, int] = {}
    kept = kept_shape(shape, name)
    if kept is not None:
        needed[kept] = 0
    for at, statement in enumerate(every):
        for where in statement.where:
            if where.dimension == name:
                needed[where] = needed.get(where, 0) | 1 << at
    certain = 0
    if name not in shape.many:
        certain = sum(1 << at for at, where in enumerate(needed) if needed[where] & seed and presence(where))
    all_of_them = (1 << len(every)) - 1
    found: dict[int, Shown] = {}
    for holds, shown in kinds(tuple(needed), bound[0], certain, bound[1]):
        mask = all_of_them & ~_lost(holds, needed.values())
        had = found.get(mask)
        if mask & seed and (had is None or len(had.taken) + len(had.left) > len(shown.taken) + len(shown.left)):
            found[mask] = shown
    return found


def _lost(holds: int, needed: Iterable[int]) -> int:
    """The boxes with a condition that does not hold."""
    lost = 0
    for at, boxes in enumerate(needed):
        if not holds >> at & 1:
            lost |= boxes
    return lost


def _next(reached: Mapping[int, object], masks: Mapping[int, Shown], work: Work) -> dict[int, tuple[int, Shown | None]]:
    work.spend(len(reached) * len(masks))
    after: dict[int, tuple[int, Shown | None]] = {}
    for state in reached:
        for mask, shown in masks.items():
            both = state & mask
            if both not in after:
                if len(after) >= FEW_SETS:
                    raise TooManyError
                after[both] = (state, shown)
    return after


def _told(mask: int, trail: Sequence[Mapping[int, tuple[int, Shown | None]]], names: Sequence[str]) -> dict[str, Shown]:
    request: dict[str, Shown] = {}
    for level, name in zip(reversed(trail), reversed(names), strict=False):
        mask, shown = level[mask]
        if shown is not None:
            request[name] = shown
    return {name: request[name] for name in sorted(request)}
