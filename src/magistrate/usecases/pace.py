"""How fast and how far: the budget of an agent, and one risky pattern in several repositories (R35).

Rule kept: both only add. At the cap, and where a pattern spreads, a person decides; the reason says which. A pattern is
what a sensor said and of which kind, so one that is spelled another way in each repository is another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.impact import LOW, SENSITIVE, ChangeClass, Strictness, stricter
from magistrate.domain.lifecycle import CaseState
from magistrate.ports import Unit
from magistrate.usecases.chains import Ruling
from magistrate.usecases.company import IN_FLIGHT, LANDED, WINDOW_SECONDS
from magistrate.usecases.transition import Occasion, note
from magistrate.wire.assessment import Assessment, Verdict
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.decision import Obligation, Reason
from magistrate.wire.document import open_envelope

BUDGET: Final = "pace/budget"
SPREAD: Final = "pace/spread"
BUDGET_SECONDS: Final = 24 * 3600
LOW_FILES: Final = 200
FILES: Final = 50
"""Files of one class that an agent may change within a day: of a low class, and of any other."""
REPOSITORIES: Final = 3
MAX_REASONS: Final = 20
Pattern = tuple[str, str]
"""Kind and words of a sensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One other change: where, what it was judged to be, and whether it counts into the budget."""

    repository: str
    verdict: Verdict
    budget: bool


def earlier_of(unit: Unit, case: Case, deployment: str, now: int) -> tuple[Earlier, ...]:
    """Other changes of the agent and its owner in all repositories, as far as they were judged.

    Into the budget count those of the agent itself that landed within a day or are in flight.
    """
    facts = case.facts
    found: list[Earlier] = []
    others = unit.companions(facts.agent, facts.owner, since=now - WINDOW_SECONDS, states=tuple(CaseState))
    names = [other.facts.proposal for other in others if other.facts.proposal != facts.proposal]
    judged: dict[str, Verdict] = {}
    for envelope in unit.documents(Assessment.NAME, *names) if names else ():
        body = open_envelope(envelope, Assessment, deployment=deployment).body
        judged[body.proposal] = body.verdict
    for other in others:
        verdict = judged.get(other.facts.proposal)
        if verdict is None:
            continue
        lately = other.standing.state in LANDED and other.standing.updated >= now - BUDGET_SECONDS
        mine = other.facts.agent == facts.agent and (lately or other.standing.state in IN_FLIGHT)
        found.append(Earlier(repository=other.facts.repository, verdict=verdict, budget=mine))
    return tuple(found)


def over_budget(verdict: Verdict, earlier: Sequence[Earlier]) -> tuple[Reason, ...]:
    """A reason for each class of which the agent has changed more files than its budget allows."""
    files = Counter(file.change_class for one in earlier if one.budget for file in one.verdict.files)
    mine = Counter(file.change_class for file in verdict.files)
    return tuple(
        _reason(
            BUDGET, f"{files[kind] + mine[kind]} files of class {kind} by this agent within a day, {_cap(kind)} is the most"
        )
        for kind in sorted(mine)
        if files[kind] + mine[kind] > _cap(kind)
    )  # fmt: skip


def spreads(
    repository: str, verdict: Verdict, earlier: Sequence[Earlier]
) -> tuple[tuple[Pattern, tuple[str, ...]], ...]:
    """Risky patterns of this change that are in so many repositories by now that it is no chance, with these."""
    found: dict[Pattern, set[str]] = {pattern: {repository} for pattern in _patterns(verdict)}
    for one in earlier:
        for pattern in _patterns(one.verdict) & found.keys():
            found[pattern].add(one.repository)
    return tuple(
        (pattern, tuple(sorted(where))) for pattern, where in sorted(found.items()) if len(where) >= REPOSITORIES
    )


def paced(ruling: Ruling, repository: str, verdict: Verdict, earlier: Sequence[Earlier]) -> Ruling:
    """The ruling with a person in it, where the agent is over its budget or a pattern spreads."""
    reasons = over_budget(verdict, earlier) + tuple(
        _reason(SPREAD, f"the same in {', '.join(where[:10])}: {words} ({kind})")
        for (kind, words), where in spreads(repository, verdict, earlier)[:MAX_REASONS]
    )
    if not reasons:
        return ruling
    denied = ruling.strictness is Strictness.DENY
    people = ruling.obligations or (Obligation(role=None, count=1, rule=reasons[0].rule),)
    return msgspec.structs.replace(
        ruling,
        strictness=stricter(ruling.strictness, Strictness.ONE),
        obligations=() if denied else people,
        reasons=(*ruling.reasons, *reasons),
    )


def raise_alarms(unit: Unit, case: Case, verdict: Verdict, earlier: Sequence[Earlier], now: int) -> None:
    """Record once, for each pattern and set of repositories, that it spreads."""
    for (kind, words), where in spreads(case.facts.repository, verdict, earlier)[:MAX_REASONS]:
        once = f"spread:{digest(canonical([kind, words, *where]))}"
        if not unit.recorded(once):
            facts = {"kind": kind, "pattern": words[:500], "repositories": " ".join(where)[:500]}
            note(unit, case, Occasion(event=Event.PATTERN_SPREAD, now=now, facts=facts, once=once))


def _patterns(verdict: Verdict) -> frozenset[Pattern]:
    seen = (*verdict.sensitivities, *verdict.denials)
    return frozenset((one.kind, one.why) for one in seen if one.kind in SENSITIVE or one in verdict.denials)


def _cap(kind: ChangeClass) -> int:
    return LOW_FILES if kind in LOW else FILES


def _reason(rule: str, why: str) -> Reason:
    return Reason(rule=rule, source="pace", why=why[:900], relax="time; or people, who decide it now")
