"""Does anybody's power grow from one state of the files to another, and who may do what that could not before?

For every live actor the holders that it reaches are compared as a whole: `closure(after)` without
`closure(before)`, and the other way round. Latent rights (a new role that nobody reaches) are no
gain; what existed before is live, for the repository is not the world.

Rule kept (R28): "unchanged" and "narrowed" are exact answers over everything that was read; a gain
is shown by a request that an evaluator of its own replays; whatever cannot be decided is `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from magistrate.impact.privilege import replay
from magistrate.impact.privilege.answers import Answers
from magistrate.impact.privilege.dimensions import Shown
from magistrate.impact.privilege.model import (
    Grants,
    Holder,
    Layer,
    Place,
    Span,
    Statement,
    Unknown,
    Varying,
    is_variable,
    order,
)
from magistrate.impact.privilege.patterns import TooManyError
from magistrate.impact.privilege.search import found_only
from magistrate.impact.privilege.work import Work

CODE: Final = "code"
"""Domain of holders that stand for code which runs with power: there other bytes are never a narrowing."""
EXAMPLE: Final = "example"
Held = Sequence[tuple[Layer, ...]]
Known = tuple[Answers, Work]
"""What was found before for the same two states, and the work that is left."""
MAX_SHOWN: Final = 12
"""Gains that are told for one pair of states; that there are more is said."""


class Turn(StrEnum):
    """What becomes of somebody's power."""

    GAINS = "gains"
    LOSES = "loses"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One actor may do one thing more, or less, or nobody can say.

    `request` shows it: a value for each dimension that some condition speaks of, with `values` for the
    variables of patterns. `by` is the statement that allows it; `also` counts further actors with the same.
    """

    turn: Turn
    domain: str
    actor: str
    by: Statement | None
    request: Mapping[str, Shown]
    values: Mapping[str, str]
    why: str = ""
    also: int = 0

    @property
    def place(self) -> Place:
        """Where the statement stands that makes the difference."""
        return Place(path="") if self.by is None else self.by.place


def delta(before: Grants, after: Grants, *, work: Work | None = None) -> tuple[Change, ...]:
    """Every difference in what live actors may do, gains first; empty where nobody's power moves.

    Whoever is not looked at before `work` runs out may do what nobody knows: unknown.
    """
    live = before.live | after.live | {holder.name for holder in before.holders}
    sides = _Closures(before), _Closures(after)
    known = Answers(), work or Work()
    moved = [actor for actor in sorted(live) if sides[0].held(actor) != sides[1].held(actor)]
    found = [
        *_fresh_unknowns(before, after),
        *_differences(moved, sides[1], sides[0], Turn.GAINS, known),
        *_differences(moved, sides[0], sides[1], Turn.LOSES, known),
    ]
    order = {Turn.GAINS: 0, Turn.UNKNOWN: 1, Turn.LOSES: 2}
    return tuple(sorted(found, key=lambda one: order[one.turn]))


class _Closures:
    """What each actor reaches in one state, walked once."""

    def __init__(self, grants: Grants) -> None:
        self.grants = grants
        self.by_name: dict[str, Holder] = {holder.name: holder for holder in grants.holders}
        self.next: dict[str, list[str]] = {}
        for edge in grants.edges:
            self.next.setdefault(edge.actor, []).append(edge.holder)
        self.known: dict[str, frozenset[tuple[str, tuple[Layer, ...]]]] = {}

    def held(self, actor: str) -> frozenset[tuple[str, tuple[Layer, ...]]]:
        """The rights that this actor reaches, with the domain of each."""
        found = self.known.get(actor)
        if found is None:
            seen, line = {actor}, [actor]
            for now in line:
                for holder in self.next.get(now, ()):
                    if holder not in seen:
                        seen.add(holder)
                        line.append(holder)
            reached = (self.by_name[name] for name in line if name in self.by_name)
            found = frozenset((holder.domain, _same(holder.layers)) for holder in reached if holder.layers)
            self.known[actor] = found
        return found

    def of(self, actor: str, domain: str) -> list[tuple[Layer, ...]]:
        """The same, of one domain, in a stable order."""
        return sorted((layers for kind, layers in self.held(actor) if kind == domain), key=_order)

    def domains(self, actor: str) -> set[str]:
        """The domains in which it holds anything."""
        return {domain for domain, _ in self.held(actor)}


def _same(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The same layers, their statements once each and in a stable order: order means nothing."""
    return tuple(Layer(statements=tuple(sorted(set(layer.statements), key=order))) for layer in layers)


def _order(layers: tuple[Layer, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(order, layer.statements)) for layer in layers)


def _differences(moved: Sequence[str], more: _Closures, less: _Closures, turn: Turn, known: Known) -> Iterator[Change]:
    told: dict[tuple[object, ...], Change] = {}
    for actor in moved:
        for domain in sorted(more.domains(actor)):
            if domain == CODE and turn is Turn.LOSES:
                continue
            for change in _of_one(actor, domain, (more, less), turn, known):
                key = (change.domain, change.by, change.why, tuple(change.request.items()))
                had = told.get(key)
                told[key] = change if had is None else _also(had)
    yield from told.values()


def _also(change: Change) -> Change:
    return Change(
        turn=change.turn,
        domain=change.domain,
        actor=change.actor,
        by=change.by,
        request=change.request,
        values=change.values,
        why=change.why,
        also=change.also + 1,
    )


def _of_one(actor: str, domain: str, sides: tuple[_Closures, _Closures], turn: Turn, known: Known) -> Iterator[Change]:
    answers, work = known
    larger, smaller = (side.of(actor, domain) for side in sides)
    if set(larger) <= set(smaller):
        return
    try:
        for count, found in enumerate(found_only(larger, smaller, work, answers)):
            if count >= MAX_SHOWN:
                return
            work.spend(sum(len(layer.statements) for layers in (*larger, *smaller) for layer in layers))
            values = replay.shows(larger, smaller, found.request)
            if values is None:
                why = "a request was found that this may allow, yet it rests on variables that no file gives a value"
                yield Change(turn=Turn.UNKNOWN, domain=domain, actor=actor, by=found.by, request={}, values={}, why=why)
            else:
                request, values = _readable(found.request, found.by, larger, smaller) or (found.request, values)
                yield Change(turn=turn, domain=domain, actor=actor, by=found.by, request=request, values=values)
    except TooManyError:
        why = "the patterns are too many to be told apart in bounded time"
        yield Change(turn=Turn.UNKNOWN, domain=domain, actor=actor, by=None, request={}, values={}, why=why)


def _readable(
    request: Mapping[str, Shown], by: Statement, larger: Held, smaller: Held
) -> tuple[Mapping[str, Shown], Mapping[str, str]] | None:
    """The same request with a word where the pattern has a run of anything, as far as it still shows the difference."""
    told = dict(request)
    found: tuple[Mapping[str, Shown], Mapping[str, str]] | None = None
    for where in by.where:
        atom = next((one for one in where.among if not isinstance(one, Span) and len(one.tokens) > 0), None)
        shown = told.get(where.dimension)
        if atom is None or where.negated or shown is None or shown.many is not None:
            continue
        plainer = Shown("".join(map(_example, atom.tokens)), taken=(atom,) if isinstance(atom, Varying) else ())
        values = replay.shows(larger, smaller, {**told, where.dimension: plainer})
        if values is not None:
            told[where.dimension] = plainer
            found = told, values
    return found


def _example(token: str) -> str:
    return EXAMPLE if token.startswith("run") or is_variable(token) else token[0]


def _fresh_unknowns(before: Grants, after: Grants) -> Iterator[Change]:
    """What cannot be resolved on either side and does not stand the same on the other."""
    for one in sorted(_only(after, before) + _only(before, after), key=repr):
        where = Statement(where=(), place=one.place, says=one.text[:120])
        yield Change(turn=Turn.UNKNOWN, domain=one.domain, actor="", by=where, request={}, values={}, why=one.why)


def _only(one: Grants, other: Grants) -> list[Unknown]:
    left = list(other.unknown)
    found: list[Unknown] = []
    for unknown in one.unknown:
        if unknown in left:
            left.remove(unknown)
        else:
            found.append(unknown)
    return found
