"""Version skew: control and executor run different versions of the assessor.

Rule kept (invariants 2 and 8): a verdict counts only while both give it. What another version judged is never taken for
the same: where control's own assessor is another by now the case is judged again, and every approval of the old
verdict is void; where the executor's is another, the case waits with what people approved, and no warrant is issued in
vain. Either way nothing is opened, and the case goes on after the upgrade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from magistrate.authority.roster import TrustedRoster, raw_key
from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import NotFound, Refused
from magistrate.ports import Unit
from magistrate.usecases.matter import papers
from magistrate.usecases.polls import Poll, Polls
from magistrate.usecases.transition import Occasion, move
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import process_keyid
from magistrate.wire.report import Outcome, Report
from magistrate.wire.warrant import Warrant

MAX_WARRANTS: Final = 5
"""So many warrants a case has at most; an executor that says it agrees and never does ends it."""
WAITS_AGAIN: Final[Mapping[str, Any]] = {"warrant": None, "warrant_seq": None, "taken": None}
"""The standing of a case whose warrant ended with nothing begun. When that warrant lapses stays known."""
_SHORT: Final = slice(7, 19)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """Why a warrant would be issued in vain, in words; `executors` are the assessors of those that ask."""

    executors: str
    words: str


def executors_of(roster: TrustedRoster) -> tuple[str, ...]:
    """Key ids of the executors of a roster, in its order."""
    return tuple(process_keyid(raw_key(key)) for key in roster.body.processes.executors)


def fitting(polls: Sequence[Poll], judged_by: str) -> tuple[Poll, ...]:
    """Those whose assessor is the one that judged; one that does not say which it has is given the benefit of the doubt."""
    return tuple(one for one in polls if one.assessor in {"", judged_by})


def skew_of(unit: Unit, case: Case, roster: TrustedRoster, polls: Polls, now: int) -> Skew | None:
    """Whether no executor that asks has the assessor that judged; None where one does.

    Where none asks, what the last report of the case said still holds.
    """
    try:
        found = papers(unit, case, roster)
    except (Refused, NotFound):
        return None  # whoever issues a warrant opens them again, and is refused
    judged_by, asking = found.verdict.assessor, polls.asking(executors_of(roster), now)
    if fitting(asking, judged_by) or not (asking or _reported(unit, case, roster, found.verdict_sha256)):
        return None
    others = ", ".join(sorted({one.assessor[_SHORT] for one in asking})) or "another"
    words = f"version skew: judged by the assessor {judged_by[_SHORT]}, the executor has {others}"
    return Skew(executors=others, words=words)


def may_wait_again(unit: Unit, case: Case) -> bool:
    """Whether a case whose warrant ended with nothing begun may be given another."""
    return len(unit.documents(Warrant.NAME, case.facts.proposal)) < MAX_WARRANTS


def hold_outdated(unit: Unit, case: Case, judged_by: str, own: str, now: int) -> Case:
    """Hold a decided case that another version of control's assessor judged; it is judged again, and approved again."""
    why = (
        f"judged by the assessor {judged_by[_SHORT]}, which is {own[_SHORT]} by now: judged again, to be approved again"
    )
    facts = {"why": why, "assessor": judged_by, "own": own}
    return move(unit, case, (CaseState.HELD,), Occasion(event=Event.CASE_HELD, now=now, facts=facts), why=why)[0]


def hold_all_outdated(unit: Unit, roster: TrustedRoster, own: str, now: int) -> int:
    """Hold every case in review that another version of the assessor judged; returns how many."""
    count = 0
    for case in unit.cases((CaseState.IN_REVIEW,), limit=10_000):
        try:
            judged_by = papers(unit, case, roster).verdict.assessor
        except (Refused, NotFound):
            continue  # nobody can approve it either: that opens them again
        if judged_by != own:
            hold_outdated(unit, case, judged_by, own, now)
            count += 1
    return count


def standing_of(roster: TrustedRoster, polls: Polls, own: str, now: int) -> list[dict[str, Any]]:
    """Each executor of the roster: whether it asks for work, its assessor, and its skew in words (empty: none, or not known)."""
    asking = {one.executor: one for one in polls.asking(executors_of(roster), now)}
    rows = []
    for name in executors_of(roster):
        poll = asking.get(name)
        assessor = poll.assessor if poll is not None else ""
        skew = (
            f"version skew: executor {name.partition(':')[2][:12]} has the assessor {assessor[_SHORT]}, control {own[_SHORT]}:"
            " nothing executes there until both are the same version"
        )
        rows.append({"executor": name, "asks": poll is not None, "assessor": assessor,
                     "skew": skew if own and assessor not in {"", own} else ""})  # fmt: skip
    return rows


def _reported(unit: Unit, case: Case, roster: TrustedRoster, verdict: str) -> bool:
    """Whether the executor's last report refused a warrant on this verdict for version skew."""
    reports, warrants = (
        unit.documents(Report.NAME, case.facts.proposal),
        unit.documents(Warrant.NAME, case.facts.proposal),
    )
    if not reports or not warrants:
        return False
    last = open_envelope(reports[-1], Report, deployment=roster.deployment).body
    warrant = open_envelope(warrants[-1], Warrant, deployment=roster.deployment).body
    return (
        last.outcome is Outcome.VERSION_SKEW
        and last.warrant == warrants[-1].payload_digest()
        and warrant.assessment_verdict == verdict
    )
