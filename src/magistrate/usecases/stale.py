"""Stale: what a merge leaves behind. A change is judged and approved on one commit and no other.

Rule kept (R15): when the target moved, by our own hand or another, every open case on the old
commit ends as STALE, and says what to do.
"""

from __future__ import annotations

from typing import Final

from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import CaseState
from magistrate.ports import Trust, Unit
from magistrate.usecases.transition import Occasion, move
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitEffect, commit_seen
from magistrate.wire.proposal import Proposal

BEFORE_EXECUTION: Final = (
    CaseState.SEALED, CaseState.ASSESSING, CaseState.ASSESSED, CaseState.HELD, CaseState.IN_REVIEW,
    CaseState.CLEARED, CaseState.WARRANTED,
)  # fmt: skip


def moved_on(case: Case, tip: str) -> str:
    """Why a case on an older commit is over, and what to do."""
    return f"the target moved to {tip[:12] or 'nothing'}; draft again: magistrate remediate {case.facts.finding}"


def close_overtaken(unit: Unit, landed: Case, tip: str, trust: Trust, now: int) -> int:
    """End every case before execution that stands on another commit of the same ref; returns how many."""
    count = 0
    for case in unit.cases(BEFORE_EXECUTION, limit=10_000, repository=landed.facts.repository):
        same_place = (case.facts.ref, case.facts.environment) == (landed.facts.ref, landed.facts.environment)
        if not same_place or case.standing.taken is not None or _base(unit, case, trust) == tip:
            continue  # elsewhere, in the executor's hands, or drafted on the new commit
        why = moved_on(case, tip)
        occasion = Occasion(event=Event.CASE_CLOSED, now=now, facts={"why": why, "tip": tip})
        move(unit, case, (CaseState.STALE,), occasion, why=why)
        count += 1
    return count


def _base(unit: Unit, case: Case, trust: Trust) -> str:
    proposal = open_envelope(unit.document(case.facts.proposal), Proposal, deployment=trust.roster().deployment)
    effect = proposal.body.effect
    return commit_seen(effect) if isinstance(effect, GitEffect) else ""
