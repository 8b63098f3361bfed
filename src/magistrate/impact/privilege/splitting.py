"""A question as several smaller ones, of which one has an answer where the whole has: by patterns, layers or conditions.

Rule kept: the parts together have exactly the requests of the question, and each is smaller than it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from magistrate.impact.privilege.model import Atom, Layer, Statement, Varying, Where
from magistrate.impact.privilege.narrowing import Held, Question, Shape, opposite
from magistrate.impact.privilege.touching import presence, touched
from magistrate.impact.privilege.work import Work

MANY: Final = 16
"""Patterns of one dimension from which a fact that names several is split."""


def by_patterns(question: Question, shape: Shape, work: Work) -> list[Question] | None:
    """One question for each pattern of a fact, of those that all conditions treat alike only one; None where that is no use."""
    for fact in sorted(question.facts, key=lambda one: -len(one.among)):
        if len(fact.among) < 2:  # noqa: PLR2004 - nothing to split
            return None
        if fact.dimension in shape.many or not presence(fact):
            continue
        others = list(_conditions(question, fact))
        if len(fact.among) + sum(len(one.among) for one in others) <= MANY:
            continue
        facts = [one for one in question.facts if one != fact]
        return [
            Question(question.mine, question.others, (replace(fact, among=(atom,)), *facts))
            for atom in _told_apart(fact.among, others, work)
        ]
    return None


def _conditions(question: Question, fact: Where) -> Iterator[Where]:
    held = (question.mine, *question.others)
    boxes = dict.fromkeys(
        where for layers in held for layer in layers for one in layer.statements for where in one.where
    )
    for where in dict.fromkeys((*boxes, *question.facts)):
        if where.dimension == fact.dimension and where != fact:
            yield where


def _told_apart(among: Sequence[Atom], others: Sequence[Where], work: Work) -> Iterator[Atom]:
    """Patterns that some condition treats otherwise than those before: each wholly in or out of the same is one kind."""
    seen: set[tuple[bool, ...]] = set()
    near = [touched(where) for where in others]
    for atom in among:
        kind: list[bool] | None = None if isinstance(atom, Varying) else []
        for one in near:
            if kind is None:
                break
            whole = one.covers(atom, work)
            kind = [*kind, whole] if whole or not one.by(atom, work) else None
        if kind is not None:
            if tuple(kind) in seen:
                continue
            seen.add(tuple(kind))
        yield atom


def by_layers(question: Question) -> list[Question] | None:
    """One question for each layer of another holder that may be the one that refuses; None where none has several."""
    least = min((held for held in question.others if len(held) > 1), key=len, default=None)
    if least is None:
        return None
    left = tuple(held for held in question.others if held is not least)
    return [Question(question.mine, ((layer,), *left), question.facts) for layer in least]


def by_conditions(question: Question, shape: Shape) -> list[Question] | None:
    """One question for each way in which one statement holds or fails; None where nothing is left but facts."""
    for at, layer in enumerate(question.mine):
        allows, denies = _sides(layer)
        if len(allows) > 1:
            return [
                Question(
                    (*question.mine[:at], Layer(statements=(one, *denies)), *question.mine[at + 1 :]),
                    question.others,
                    question.facts,
                )
                for one in allows
            ]
    failing = _cheapest(_must_fail(question))
    if failing is not None:
        return [Question(question.mine, question.others, (*question.facts, *found)) for found in _ways(failing, shape)]
    for held in question.others:
        allows, denies = _sides(held[0])
        if denies:
            left = tuple(one for one in question.others if one is not held)
            parts = [Question(question.mine, left, (*question.facts, *deny.where)) for deny in denies]
            return [*parts, Question(question.mine, ((Layer(statements=tuple(allows)),), *left), question.facts)]
    return None


def _sides(layer: Layer) -> tuple[list[Statement], list[Statement]]:
    return [one for one in layer.statements if one.allow], [one for one in layer.statements if not one.allow]


def _must_fail(question: Question) -> Iterator[Statement]:
    """Statements that hold for no request that is asked about."""
    for layer in question.mine:
        yield from (one for one in layer.statements if not one.allow)
    for held in question.others:
        if len(held) == 1 and all(one.allow for one in held[0].statements):
            yield from held[0].statements


def _cheapest(statements: Iterator[Statement]) -> Statement | None:
    """The one with the fewest ways to fail."""
    return min(statements, key=lambda one: (len(one.where), sum(len(where.among) for where in one.where)), default=None)


def _ways(statement: Statement, shape: Shape) -> Iterator[tuple[Where, ...]]:
    """Each condition in turn as the first that fails, the fewest patterns first."""
    line = sorted(statement.where, key=lambda one: len(one.among))
    for at, where in enumerate(line):
        yield (opposite(where, shape), *line[:at])


def size(held: Sequence[Held]) -> int:
    """How many patterns the statements of these holders have."""
    return sum(
        len(where.among) for layers in held for layer in layers for one in layer.statements for where in one.where
    )
