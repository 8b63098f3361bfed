"""Transition: the only writer of where a case stands.

Rule kept: step by the table of `domain.lifecycle`, append the entry, project, all in one
transaction. The entry carries the path of states, so that the log alone tells the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from magistrate.domain.case import Case, CaseFacts, Recorded, Standing
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import TRANSITIONS, CaseState, verify_transition
from magistrate.errors import Refused
from magistrate.ports import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why a case moves: the event with its facts and payloads; `now` in Unix seconds."""

    event: Event
    now: int
    facts: Mapping[str, str]
    payloads: Mapping[str, bytes] | None = None
    once: str | None = None


def open_case(unit: Unit, facts: CaseFacts, occasion: Occasion) -> tuple[Case, Recorded]:
    """Open a case in SEALED."""
    recorded = _append(unit, facts.proposal, occasion, (CaseState.SEALED,))
    standing = Standing(state=CaseState.SEALED, updated=occasion.now)
    unit.open_case(facts)
    unit.project(facts.proposal, standing)
    return Case(facts=facts, standing=standing), recorded


def move(
    unit: Unit, case: Case, path: tuple[CaseState, ...], occasion: Occasion, **changes: object
) -> tuple[Case, Recorded]:
    """Take one or more steps with one entry; `changes` are other fields of the standing.

    Raises:
        Refused: MAG-E109 when the table has no such step.
    """
    current = unit.case(case.facts.proposal).standing
    if current.state is not case.standing.state:
        raise Refused("MAG-E465", f"the case is `{current.state}` by now")
    state = current.state
    for target in path:
        verify_transition(state, target)
        state = target
    recorded = _append(unit, case.facts.proposal, occasion, (current.state, *path))
    if state is CaseState.WARRANTED:
        changes["warrant_seq"] = recorded.seq
    standing = replace(current, state=state, updated=occasion.now, **changes)  # type: ignore[arg-type]
    unit.project(case.facts.proposal, standing)
    return Case(facts=case.facts, standing=standing), recorded


def note(unit: Unit, case: Case, occasion: Occasion) -> Recorded:
    """Record something about a case that leaves it where it stands."""
    return _append(unit, case.facts.proposal, occasion, ())


def route(current: CaseState, target: CaseState) -> tuple[CaseState, ...]:
    """The shortest way through the table that does not pass through doubt or an end.

    Raises:
        Refused: MAG-E109 when there is none.
    """
    ways: list[tuple[CaseState, ...]] = [()]
    seen = {current}
    while ways:
        way = ways.pop(0)
        here = way[-1] if way else current
        if here is target and way:
            return way
        for following in sorted(TRANSITIONS[here]):
            if following not in seen and (following is target or following is not CaseState.IN_DOUBT):
                seen.add(following)
                ways.append((*way, following))
    raise Refused("MAG-E109", f"a case in `{current}` cannot become `{target}`")


def _append(unit: Unit, proposal: str, occasion: Occasion, path: tuple[CaseState, ...]) -> Recorded:
    facts = {**occasion.facts, "states": " ".join(path)} if path else dict(occasion.facts)
    return unit.append(
        occasion.event, proposal, facts, now=occasion.now, payloads=occasion.payloads, once=occasion.once
    )
