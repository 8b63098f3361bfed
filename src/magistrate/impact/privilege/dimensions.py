"""The values that the conditions on one dimension tell apart: each kind once, with a value that shows it.

A condition splits the values of its dimension in two; all conditions together split it into finitely
many kinds (minterms). Whatever is true of the value that shows a kind is true of every value of it,
so a search over the kinds is a search over all values.

Rule kept: exact, or `TooManyError`. A pattern with a variable splits each kind that its relaxed form
matches once more, into "it matches" and "it does not": more requests than there are, never fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from magistrate.impact.privilege.model import Atom, Span, Varying, Where, is_variable
from magistrate.impact.privilege.patterns import MAX_STATES, RUN, Glob, Groups, TooManyError, counted_classes
from magistrate.impact.privilege.work import Work

MAX_KINDS: Final = 20_000
MAX_OPEN: Final = 8
"""Variables that may be open at once for one value: each doubles the kinds."""
STEP: Final = 8
"""What a state of the automaton of patterns counts, in steps."""
PRIVATE: Final = 0xE000
"""From here on Unicode has signs that mean nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value of one kind: a text, a number, several texts (`many`), or none at all (`text` is None).

    `taken` are the patterns with variables that are assumed to match it, `left` those that are assumed not to.
    """

    text: str | int | None
    many: tuple[str | int, ...] | None = None
    taken: tuple[Varying, ...] = ()
    left: tuple[Varying, ...] = ()


Kinds = tuple[tuple[int, Shown], ...]


def kinds(wheres: tuple[Where, ...], work: Work, needed: int = 0, most: int = MAX_STATES) -> Kinds:
    """Every kind of value: which conditions hold (bit i: `wheres[i]`), and a value that shows it.

    Only kinds of one value for which the conditions of `needed` hold are certain to be told. None of these may hold
    where there is no value, or be of several at once.

    Raises:
        TooManyError: there are more than `MAX_KINDS`, more than `most` states of the automaton, too many open variables
            at once, or there is no work left.
    """
    try:
        found, steps = _kinds(wheres, needed, most)
    except TooManyError:
        work.spend(most * STEP)
        raise
    work.spend(steps)
    return found


@lru_cache(maxsize=512)
def _kinds(wheres: tuple[Where, ...], needed: int, most: int) -> tuple[Kinds, int]:
    """The kinds, and the steps that it takes to find them."""
    found: dict[int, Shown] = {}
    steps = sum(len(atom.tokens) for where in wheres for atom in where.among if not isinstance(atom, Span))
    atoms = tuple(dict.fromkeys(atom for where in wheres for atom in where.among))
    matched, walked = _matched(atoms, [where for at, where in enumerate(wheres) if needed >> at & 1], most)
    for holds, shown in _single(wheres, atoms, matched):
        steps += len(wheres)
        found.setdefault(holds, shown)
    if any(where.each is not None for where in wheres):
        found = _sets(wheres, found)
    if any(where.absent is not None for where in wheres):
        nothing = sum(1 << at for at, where in enumerate(wheres) if without(where))
        found.setdefault(nothing, Shown(None))
    return tuple(found.items()), steps + STEP * walked + len(found)


def without(where: Where) -> bool:
    """Whether the condition holds for a request that has no such value."""
    return where.negated if where.absent is None else where.absent


def _single(
    wheres: Sequence[Where], atoms: Sequence[Atom], matched: Iterable[tuple[int, Shown]]
) -> Iterator[tuple[int, Shown]]:
    at = {atom: index for index, atom in enumerate(atoms)}
    needs = [sum(1 << at[atom] for atom in set(where.among)) for where in wheres]
    negated = sum(1 << index for index, where in enumerate(wheres) if where.negated)
    for mask, shown in matched:
        holds = 0
        for index, need in enumerate(needs):
            if mask & need:
                holds |= 1 << index
        yield holds ^ negated, shown


def _matched(atoms: Sequence[Atom], needed: Sequence[Where], most: int) -> tuple[list[tuple[int, Shown]], int]:
    """Every set of atoms that some value matches, and the states of the automaton that were walked for it."""
    texts = _texts(atoms)
    numbers = [(index, atom) for index, atom in enumerate(atoms) if isinstance(atom, Span)]
    found: list[tuple[int, Shown]] = []
    walked = 0
    if texts or not numbers:
        variable = [(index, atom) for index, atom in texts if isinstance(atom, Varying)]
        place = {atom: at for at, (_, atom) in enumerate(texts)}
        groups = tuple(tuple(place[atom] for atom in where.among if atom in place) for where in needed)
        told, walked = _classes(_relaxed(texts), groups, most)
        for packed, text in told.items():
            mask = packed
            if numbers:
                mask = sum(1 << index for at, (index, _) in enumerate(texts) if packed >> at & 1)
            found += _opened(mask, text, variable)
    for number in points(atom for _, atom in numbers):
        found.append((sum(1 << index for index, span in numbers if span.low <= number <= span.high), Shown(number)))
    return found, walked


def _texts(atoms: Sequence[Atom]) -> list[tuple[int, Glob | Varying]]:
    return [(index, atom) for index, atom in enumerate(atoms) if not isinstance(atom, Span)]


def _relaxed(texts: Sequence[tuple[int, Glob | Varying]]) -> tuple[Glob, ...]:
    return tuple(atom.relaxed if isinstance(atom, Varying) else atom for _, atom in texts)


@lru_cache(maxsize=512)
def _classes(patterns: tuple[Glob, ...], needed: Groups, most: int) -> tuple[dict[int, str], int]:
    return counted_classes(patterns, needed, most)


def _opened(mask: int, text: str, variable: Sequence[tuple[int, Varying]]) -> Iterator[tuple[int, Shown]]:
    varying = [(index, atom) for index, atom in variable if mask >> index & 1]
    if not varying:
        yield mask, Shown(text)
        return
    if len(varying) > MAX_OPEN:
        raise TooManyError
    closed = mask & ~sum(1 << index for index, _ in varying)
    implied = {(one, other) for _, one in varying for _, other in varying if one != other and follows(one, other)}
    for chosen in range(1 << len(varying)):
        taken = [one for at, one in enumerate(varying) if chosen >> at & 1]
        left = [one for at, one in enumerate(varying) if not chosen >> at & 1]
        if any((name, other) in implied for _, name in taken for _, other in left):
            continue
        opened = closed | sum(1 << index for index, _ in taken)
        yield opened, Shown(text, taken=tuple(name for _, name in taken), left=tuple(name for _, name in left))


@lru_cache(maxsize=2048)
def follows(one: Varying, other: Varying) -> bool:
    """Whether whatever the first pattern matches the second does too, whatever value their variables have.

    Each variable counts as a sign of its own. That shows it only where the second has no wildcard but
    the one that any value fits.
    """
    if any(len(token) > 1 and token != RUN and not is_variable(token) for token in other.tokens):
        return False
    named = {sign for each in (one, other) for token in each.tokens for sign in token}
    free = (sign for at in range(PRIVATE, 0x110000) if (sign := chr(at)) not in named)
    names = dict(zip(sorted({*one.variables, *other.variables}), free, strict=False))
    patterns = tuple(Glob(tuple(names.get(token, token) for token in each.tokens)) for each in (one, other))
    return not any(mask & 1 and not mask & 2 for mask in _classes(patterns, (), MAX_STATES)[0])


def points(spans: Iterable[Span]) -> tuple[int, ...]:
    """One number of each stretch between the ends of spans, and one beyond them all."""
    ends: set[int] = set()
    for span in spans:
        ends |= {span.low, span.high + 1}
    if not ends:
        return ()
    return (*sorted(ends), min(ends) - 1) if min(ends) > 0 else (*sorted(ends),)


def _sets(wheres: Sequence[Where], singles: dict[int, Shown]) -> dict[int, Shown]:
    """Kinds of sets of values: a condition on each value holds where all do, any other where one does."""
    every = sum(1 << at for at, where in enumerate(wheres) if where.each is True)
    found = {holds: Shown(shown.text, many=_values(shown)) for holds, shown in singles.items()}
    line = list(found)
    for holds in line:
        for other, shown in singles.items():
            both = holds & other & every | (holds | other) & ~every
            if both not in found:
                if len(found) >= MAX_KINDS:
                    raise TooManyError
                had = found[holds]
                found[both] = Shown(
                    had.text,
                    many=(*(had.many or ()), *_values(shown)),
                    taken=tuple(dict.fromkeys(had.taken + shown.taken)),
                    left=tuple(dict.fromkeys(had.left + shown.left)),
                )
                line.append(both)
    return found


def _values(shown: Shown) -> tuple[str | int, ...]:
    return () if shown.text is None else (shown.text,)
