"""One value of one dimension for which conditions hold that are all certain: the first that is found, or none.

All kinds of values are not told apart for it: the automaton of patterns is walked as far as a string that fits,
never where a pattern that must not match matches whatever follows. Rule kept: None is certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from magistrate.impact.privilege.dimensions import STEP, Shown, follows, points, without
from magistrate.impact.privilege.model import Span, Varying, Where
from magistrate.impact.privilege.patterns import MAX_STATES, RUN, Glob, Machine, TooManyError, spelled
from magistrate.impact.privilege.relations import outline
from magistrate.impact.privilege.work import Work


def value(facts: tuple[Where, ...], work: Work, *, mixed: bool, optional: bool) -> Shown | None:
    """A value that all these conditions on one dimension hold for; each request has at most one such value.

    `mixed`: it may be a text or a number; `optional`: there may be none.

    Raises:
        TooManyError: it takes too many steps.
    """
    try:
        found, steps = _value(facts, mixed, optional)
    except TooManyError:
        work.spend(MAX_STATES * STEP)
        raise
    work.spend(steps)
    return found


@lru_cache(maxsize=2_048)
def _value(facts: tuple[Where, ...], mixed: bool, optional: bool) -> tuple[Shown | None, int]:  # noqa: FBT001 - a cache has no names
    spans = [atom for where in facts for atom in where.among if isinstance(atom, Span)]
    steps = len(facts) + sum(len(where.among) for where in facts)
    if mixed or len(spans) < sum(len(where.among) for where in facts) or not spans:
        shown, walked = _text(facts)
        steps += STEP * walked
        if shown is not None:
            return shown, steps
    if spans or mixed:
        for number in points(spans) or (0,):
            steps += len(spans)
            if all(_counts(where, number) is not where.negated for where in facts):
                return Shown(number), steps
    if optional and all(without(where) for where in facts):
        return Shown(None), steps
    return None, steps


def _counts(where: Where, number: int) -> bool:
    return any(isinstance(atom, Span) and atom.low <= number <= atom.high for atom in where.among)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What patterns a text has to match: one of each group, none of those barred."""

    atoms: tuple[Glob | Varying, ...]
    groups: tuple[int, ...]
    barred: int
    open: int
    """Which of the patterns have variables."""

    def fits(self, mask: int) -> Shown | None:
        """Whether a text with these patterns will do (without the text), by what is assumed of variables."""
        if mask & self.barred & ~self.open:
            return None
        if all(mask & group & ~self.open for group in self.groups):
            return Shown("", left=self._left(mask, ()))
        wanted = [self._in(mask & group & self.open) for group in self.groups if not mask & group & ~self.open]
        for chosen in product(*wanted):
            taken = self._following(mask, tuple(dict.fromkeys(chosen)))
            if not any(self.barred >> self.atoms.index(one) & 1 for one in taken):
                return Shown("", taken=taken, left=self._left(mask, taken))
        return None

    def _in(self, mask: int) -> list[Varying]:
        return [atom for at, atom in enumerate(self.atoms) if mask >> at & 1 and isinstance(atom, Varying)]

    def _left(self, mask: int, taken: tuple[Varying, ...]) -> tuple[Varying, ...]:
        return tuple(atom for atom in self._in(mask) if atom not in taken)

    def _following(self, mask: int, taken: tuple[Varying, ...]) -> tuple[Varying, ...]:
        """With those that match where these do."""
        found = list(taken)
        for one in found:
            found += [other for other in self._in(mask) if other not in found and follows(one, other)]
        return tuple(found)


def _text(facts: Sequence[Where]) -> tuple[Shown | None, int]:
    """A text, and the states that were walked for it."""
    atoms = tuple(dict.fromkeys(atom for where in facts for atom in where.among if not isinstance(atom, Span)))
    at = {atom: index for index, atom in enumerate(atoms)}
    masks = [
        (where, sum(1 << at[atom] for atom in dict.fromkeys(where.among) if not isinstance(atom, Span)))
        for where in facts
    ]
    asked = _Asked(
        atoms=atoms,
        groups=tuple(mask for where, mask in masks if not where.negated),
        barred=_all(mask for where, mask in masks if where.negated),
        open=_all(1 << index for index, atom in enumerate(atoms) if isinstance(atom, Varying)),
    )
    if not all(asked.groups):
        return None, 0
    machine = Machine([outline(atom) for atom in atoms])
    shut = _Asked(atoms=atoms, groups=tuple(group & ~asked.open for group in asked.groups), barred=asked.barred, open=0)
    steps = 0
    if asked.open and all(shut.groups):  # better a text that rests on no variable
        shown, steps = _first(machine, shut)
        if shown is not None:
            return shown, steps
    shown, more = _first(machine, asked)
    return shown, steps + more


def _first(machine: Machine, asked: _Asked) -> tuple[Shown | None, int]:
    plain = _plain(asked)
    if plain is None:
        return _walk(machine, asked)
    steps = 0
    for text in plain:
        state = machine.start
        for sign in text:
            state = machine.step(state, sign)
        steps += len(text)
        shown = asked.fits(machine.accepted(state))
        if shown is not None:
            return Shown(text, taken=shown.taken, left=shown.left), steps
    return None, steps


def _all(masks: Iterator[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _plain(asked: _Asked) -> list[str] | None:
    """The only texts that can do, where some group is nothing but signs."""
    for group in asked.groups:
        named = [atom for at, atom in enumerate(asked.atoms) if group >> at & 1]
        texts = [atom.literal for atom in named if isinstance(atom, Glob) and atom.literal is not None]
        if len(texts) == len(named):
            return texts
    return None


def _walk(machine: Machine, asked: _Asked) -> tuple[Shown | None, int]:
    ways = [_all(places for at, places in enumerate(machine.places) if group >> at & 1) for group in asked.groups]
    hard = asked.barred & ~asked.open
    lost = 0
    for at, atom in enumerate(asked.atoms):
        if hard >> at & 1 and atom.tokens[-1:] == (RUN,):
            lost |= 1 << machine.ends[at] - 1
    always = machine.signs_to_try()
    reached: dict[int, tuple[int, str]] = {machine.start: (0, "")}
    line = [machine.start] if not machine.start & lost else []
    for state in line:
        shown = asked.fits(machine.accepted(state))
        if shown is not None:
            return Shown(spelled(reached, state, machine.start), taken=shown.taken, left=shown.left), len(reached)
        for sign in (*always, *machine.asked(state)):
            after = machine.step(state, sign)
            if after not in reached and not after & lost and all(after & way for way in ways):
                if len(reached) >= MAX_STATES:
                    raise TooManyError
                reached[after] = (state, sign)
                line.append(after)
    return None, len(reached)
