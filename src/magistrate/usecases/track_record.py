"""The track record of a class of changes in one place, counted from the store (R70, R71).

Rule kept: only what has an outcome of its own counts: proven to be low by the assessor of now, landed, verified by something
that the change cannot influence, its record complete, and old enough to have come back. A rejection of such a change counts
as a misjudgement: a person saw something that the proof did not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.authority.floor import classes_of
from magistrate.authority.promotion import not_low_because
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.case import Case, DrillRow
from magistrate.domain.events import Event
from magistrate.domain.impact import ChangeClass
from magistrate.domain.lifecycle import CaseState
from magistrate.domain.trust import DAY_SECONDS, Bars, TrackRecord
from magistrate.errors import NotFound, Refused
from magistrate.ports import Unit
from magistrate.usecases.drills import drilled
from magistrate.usecases.matter import Papers, papers
from magistrate.usecases.show import missing
from magistrate.wire.drill import DrillKind
from magistrate.wire.proposal import Provenance

SETBACKS: Final = (CaseState.ROLLED_BACK, CaseState.HALTED, CaseState.CLOSED, CaseState.IN_DOUBT)
ENDED: Final = (CaseState.SUCCEEDED, CaseState.REJECTED, *SETBACKS)
DECIDED: Final = (CaseState.APPROVED_NOT_EXECUTED, CaseState.CLEARED, CaseState.IN_REVIEW, *ENDED)
MAX_CASES: Final = 20_000
UNVERIFIED: Final = "nobody"
"""Who vouches for an effect that nothing independent looked at, in the executor's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """For what trust is earned; `manifest` is the version of the agent, `assessor` the digest of who judges."""

    change_class: ChangeClass
    repository: str
    environment: str
    agent: str
    manifest: str
    assessor: str


def counted(unit: Unit, roster: TrustedRoster, place: Place, bars: Bars, now: int) -> TrackRecord:
    """Count what is on record for a place, within the window that ends `now` (Unix seconds)."""
    since = now - bars.window_days * DAY_SECONDS
    cases = [
        case for case in unit.cases(DECIDED, limit=MAX_CASES, repository=place.repository)
        if case.facts.environment == place.environment and case.standing.updated >= since
    ]  # fmt: skip
    setbacks = sum(map(set_back, cases))
    low = [(case, found) for case in cases for found in _proven_low(unit, case, roster, place)]
    live = [(case, found) for case, found in low if _settled_well(unit, case, now - bars.settled_days * DAY_SECONDS)]
    misjudged = sum(case.standing.state in {CaseState.REJECTED, *SETBACKS} for case, _ in low)
    return TrackRecord(
        assessed=len(low), live=len(live),
        agent_live=sum(_by_this_agent(found, place) for _, found in live),
        misjudged=misjudged, setbacks=setbacks,
        incomplete=sum(bool(missing(unit, case)) for case, _ in low),
        unconfirmed=sum(unit.count(case.facts.proposal, Event.LEASE_UNCONFIRMED) for case in cases),
        ready=drilled(unit, place.repository, place.environment, now),
        drills=_drills(unit.drills(), place, since),
    )  # fmt: skip


def set_back(case: Case) -> bool:
    """Whether a case shows that something there had to be undone: by itself, by people, or by a revert that landed."""
    standing = case.standing
    return standing.state in SETBACKS or (
        standing.state is CaseState.SUCCEEDED and ChangeClass.REVERT.value in standing.classes
    )


def _proven_low(unit: Unit, case: Case, roster: TrustedRoster, place: Place) -> Iterable[Papers]:
    """The papers of a case that the assessor of now proved to be of that class and low; nothing for any other."""
    if place.change_class.value not in case.standing.classes:
        return
    try:
        found = papers(unit, case, roster)
    except (Refused, NotFound):
        return  # what cannot be verified any more counts for nothing
    verdict = found.verdict
    if (
        verdict.assessor == place.assessor
        and classes_of(verdict) == {place.change_class}
        and not any(not_low_because(verdict))
    ):
        yield found


def _settled_well(unit: Unit, case: Case, before: int) -> bool:
    if case.standing.state is not CaseState.SUCCEEDED or case.standing.updated > before:
        return False
    seen = [row.facts for row in unit.events(case.facts.proposal) if row.event == Event.VERIFICATION_DONE]
    return bool(seen) and seen[-1].get("passed") == "yes" and seen[-1].get("vouched_by", UNVERIFIED) != UNVERIFIED


def _by_this_agent(found: Papers, place: Place) -> bool:
    """By this version of the agent, as our own endpoint saw it; what an outside assistant claims of itself is no trust (R14)."""
    observed = found.matter.proposal.body.provenance is Provenance.OBSERVED
    return observed and found.matter.session.manifest == place.manifest


def _drills(rows: Iterable[DrillRow], place: Place, since: int) -> tuple[tuple[str, int, int], ...]:
    """For each kind how many passed and how many failed since."""
    here = [
        row for row in rows
        if (row.repository, row.environment) == (place.repository, place.environment) and row.issued >= since
    ]  # fmt: skip
    return tuple(
        (
            kind.value, sum(row.passed for row in here if row.kind == kind.value),
            sum(not row.passed for row in here if row.kind == kind.value),
        )
        for kind in DrillKind
    )  # fmt: skip
