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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.impact.privilege.dimensions import Shown, kinds
from magistrate.impact.privilege.model import Layer, Span, Statement, Where, order
from magistrate.impact.privilege.patterns import Glob, TooManyError

MAX_SETS: Final = 60_000
SMALL: Final = 24
"""So many statements are searched together; of more, only those that can meet a candidate are."""

Held = tuple[Layer, ...]
Boxes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A request allowed on one side only, and the statement that allows it."""

    request: Mapping[str, Shown]
    by: Statement


def found_only(after: Sequence[Held], before: Sequence[Held]) -> Iterator[Found]:
    """For each statement of `after` that brings something: one request that `before` does not allow.

    Raises:
        TooManyError: the kinds of values cannot be told apart within bounds.
    """
    held = dict.fromkeys(_plain(layers) for layers in before)
    every = tuple(
        dict.fromkeys(
            one for side in (after, before) for layers in side for layer in layers for one in layer.statements
        )
    )
    for layers in after:
        mine = _plain(layers)
        if mine in held or not mine:
            continue
        for statement in _candidates(mine, tuple(held)):
            request = _request(statement, every, after, before)
            if request is not None:
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


def _request(
    seed: Statement, statements: Sequence[Statement], after: Sequence[Held], before: Sequence[Held]
) -> Mapping[str, Shown] | None:
    every = statements
    if len(every) > SMALL:
        every = tuple(one for one in every if one == seed or meets(one, seed))
    bit = {statement: 1 << at for at, statement in enumerate(every)}
    sides = [_boxes(side, bit) for side in (after, before)]
    line = _steps(tuple(every), bit[seed])
    reached: dict[int, tuple[int, Shown | None]] = {(1 << len(bit)) - 1: (0, None)}
    trail = [reached]
    for _, masks in line:
        reached = _next(reached, masks)
        trail.append(reached)
    for mask in reached:
        if _allowed(sides[0], mask) and not _allowed(sides[1], mask):
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


def _allowed(side: tuple[Boxes, ...], mask: int) -> bool:
    return any(boxes and all(mask & allow and not mask & deny for allow, deny in boxes) for boxes in side)


def _steps(every: tuple[Statement, ...], seed: int) -> list[tuple[str, dict[int, Shown]]]:
    """The dimensions, each with the sets of boxes that its kinds keep alive, as far as the seed is among them."""
    names = sorted({where.dimension for statement in every for where in statement.where})
    line = [(name, _masks(name, every, seed)) for name in names]
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


def _masks(name: str, every: tuple[Statement, ...], seed: int) -> dict[int, Shown]:
    needed: dict[Where, int] = {}
    for at, statement in enumerate(every):
        for where in statement.where:
            if where.dimension == name:
                needed[where] = needed.get(where, 0) | 1 << at
    wheres = tuple(sorted(needed, key=order))
    all_of_them = (1 << len(every)) - 1
    found: dict[int, Shown] = {}
    for holds, shown in kinds(wheres):
        lost = 0
        for at, where in enumerate(wheres):
            if not holds >> at & 1:
                lost |= needed[where]
        mask = all_of_them & ~lost
        if mask & seed:
            had = found.get(mask)
            if had is None or len(had.taken) + len(had.left) > len(shown.taken) + len(shown.left):
                found[mask] = shown
    return found


def _next(reached: Mapping[int, object], masks: Mapping[int, Shown]) -> dict[int, tuple[int, Shown | None]]:
    after: dict[int, tuple[int, Shown | None]] = {}
    for state in reached:
        for mask, shown in masks.items():
            both = state & mask
            if both not in after:
                if len(after) >= MAX_SETS:
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


def meets(one: Statement, other: Statement) -> bool:
    """False only where no request can satisfy both: a cheap look at how their patterns begin."""
    theirs = {where.dimension: where for where in other.where if _speaks(where)}
    for where in one.where:
        opposite = theirs.get(where.dimension)
        if opposite is not None and _speaks(where) and not _may_both(where, opposite):
            return False
    return True


def _speaks(where: Where) -> bool:
    return not where.negated and not where.absent and where.each is None


def _may_both(one: Where, other: Where) -> bool:
    return any(_touch(left, right) for left in one.among for right in other.among)


def _touch(left: object, right: object) -> bool:
    if isinstance(left, Span) and isinstance(right, Span):
        return left.low <= right.high and right.low <= left.high
    if isinstance(left, Glob) and isinstance(right, Glob):
        for mine, theirs in zip(left.tokens, right.tokens, strict=False):
            if len(mine) != 1 or len(theirs) != 1:
                return True
            if mine != theirs:
                return False
        return len(left.tokens) == len(right.tokens) or _goes_on(left, right)
    return True


def _goes_on(left: Glob, right: Glob) -> bool:
    """One is the beginning of the other: they touch only where the shorter one may go on."""
    short, long = sorted((left.tokens, right.tokens), key=len)
    return any(len(token) != 1 for token in short) or all(
        token in {"run", "run-in", "run-name"} for token in long[len(short) :]
    )
