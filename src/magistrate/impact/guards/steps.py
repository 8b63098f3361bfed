"""Statements of a function as far as they say who gets through; the same walk for every language.

A refusal in a function is a guard of it, what a question answers is a guard, and what is done only for some is an act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from magistrate.impact.guards.doors import Act, Guard
from magistrate.impact.guards.formula import Formula, atoms, both, either, holds, negated
from magistrate.impact.guards.names import STRONG

MOST_DEPTH: Final = 40
MOST_ANSWERS: Final = 40
LONGEST_KEPT: Final = 200
"""Letters of an atom of which is kept what it speaks of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`kind` is `if`, `block`, `refuse` (says no), `leave` (returns or raises otherwise), `guard` (a call that asks) or `act`.

    What is answered, and how it is written, are made where somebody asks for them.
    """

    kind: str
    line: int
    test: Formula = True
    body: tuple[Step, ...] = ()
    other: tuple[Step, ...] = ()
    value: Callable[[], Formula] | None = None
    text: Callable[[], str] = str


@dataclass(slots=True)
class Checks:
    """What the statements of one function ask for."""

    guards: list[Guard] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    answers: list[Formula] = field(default_factory=list)


def checks_of(steps: Iterable[Step], *, question: bool) -> Checks:
    """Read a function; `question`: what it returns is whether somebody may."""
    found = Checks()
    _walk(tuple(steps), (), found, 0)
    if question:
        left = _answers(tuple(steps), path=True, found=found, depth=0)
        if found.answers and left is not True and len(found.answers) <= MOST_ANSWERS:
            first = next(iter(steps), None)
            line = 0 if first is None else first.line
            found.guards = [Guard(formula=either(found.answers), line=line)]
            found.acts = []
    return found


def _walk(steps: tuple[Step, ...], path: tuple[Formula, ...], found: Checks, depth: int) -> None:
    if depth > MOST_DEPTH:
        raise RecursionError("nested too deeply to judge")
    for step in steps:
        if step.kind == "if":
            _walk(step.body, (*path, step.test), found, depth + 1)
            _walk(step.other, (*path, negated(step.test)), found, depth + 1)
        elif step.kind == "block":
            _walk(step.body, path, found, depth + 1)
        elif step.kind == "guard":
            formula = either([*(negated(one) for one in path), step.test])
            found.guards.append(Guard(formula=formula, line=step.line))
        elif step.kind == "refuse" or (step.kind == "leave" and _refusing(both(path))):
            found.guards.append(Guard(formula=negated(both(path)), line=step.line))
        elif path:
            kept = both(path)
            if step.kind in {"act", "leave"}:
                found.acts.append(Act(text=step.text, when=kept, line=step.line))
        elif step.kind in {"act", "leave"}:
            found.acts.append(Act(text=step.text, when=True, line=step.line))


def strong(of: Formula) -> bool:
    """Whether a condition speaks of who somebody is."""
    return any(map(_strong, atoms(of)))


def _strong(atom: str) -> bool:
    return _known_strong(atom) if len(atom) <= LONGEST_KEPT else STRONG.search(atom) is not None


@lru_cache(maxsize=8_192)
def _known_strong(atom: str) -> bool:
    return STRONG.search(atom) is not None


def _refusing(path: Formula) -> bool:
    """Whether a way is taken only by those who are not somebody."""
    every = frozenset(atoms(path))
    named = frozenset(one for one in every if _strong(one))
    others = every - named
    if not named or holds(path, every) or holds(path, named):
        return False
    return holds(path, others) or holds(path, frozenset())


def _answers(steps: tuple[Step, ...], path: Formula, found: Checks, depth: int) -> Formula:
    """Collect under what condition the answer is yes; gives what holds where the statements end without one."""
    if depth > MOST_DEPTH:
        raise RecursionError("nested too deeply to judge")
    for step in steps:
        if path is False:
            return False
        if step.kind == "if":
            left = _answers(step.body, both([path, step.test]), found, depth + 1)
            right = _answers(step.other, both([path, negated(step.test)]), found, depth + 1)
            path = either([left, right])
        elif step.kind == "block":
            path = _answers(step.body, path, found, depth + 1)
        elif step.kind == "guard":
            path = both([path, step.test])
        elif step.kind == "refuse":
            return False
        elif step.kind == "leave":
            if step.value is not None:
                found.answers.append(both([path, step.value()]))
            return False
    return path
