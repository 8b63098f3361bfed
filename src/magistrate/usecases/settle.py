"""Settle: what the executor reports becomes where the case stands; silence becomes doubt.

Rule kept: the executor's steps and report are signed and recorded once, in any order of arrival;
a lost report is IN_DOUBT after 15 minutes, decided later by the state of the target; a ref
moved by another hand makes every case in flight on it STALE and is said loudly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from magistrate.domain.case import Case
from magistrate.domain.events import Event
from magistrate.domain.execution import LeasePurpose
from magistrate.domain.lifecycle import TERMINAL, CaseState, verify_transition
from magistrate.domain.stages import STAGES
from magistrate.errors import NotFound, Refused
from magistrate.ports import Repositories, Trust, Unit
from magistrate.usecases.skew import WAITS_AGAIN, may_wait_again
from magistrate.usecases.stale import BEFORE_EXECUTION, close_overtaken, moved_on
from magistrate.usecases.transition import Occasion, move, note, route
from magistrate.usecases.warrant import IN_EXECUTION
from magistrate.wire.envelope import Envelope
from magistrate.wire.journal_entry import JournalEntry
from magistrate.wire.report import Outcome, Report
from magistrate.wire.warrant import Warrant

DOUBT_SECONDS: Final = 900
OUTCOMES: Final = {
    Outcome.SUCCEEDED: CaseState.SUCCEEDED, Outcome.FAILED: CaseState.FAILED, Outcome.REFUSED: CaseState.FAILED,
    Outcome.ROLLED_BACK: CaseState.ROLLED_BACK, Outcome.HALTED: CaseState.HALTED, Outcome.UNKNOWN: CaseState.IN_DOUBT,
    Outcome.VERSION_SKEW: CaseState.FAILED,
}  # fmt: skip
WORDS: Final = frozenset(event.value for event in Event)
_COMMIT_LENGTH: Final = 40


def record_step(unit: Unit, envelope: Envelope, trust: Trust, now: int) -> None:
    """Record one journal entry of the executor; the same entry again changes nothing.

    Entries that are no event of the log stay in the executor's journal.

    Raises:
        Refused: MAG-E106, MAG-E107 when no executor of the roster signed it.
    """
    entry = trust.roster().open_by_executor(envelope, JournalEntry).body
    once = f"step:{envelope.payload_digest()}"
    if entry.step not in WORDS or unit.recorded(once):
        return
    event = Event(entry.step)
    facts = {**entry.facts, "sequence": str(entry.sequence), "status": entry.status.value, "execution": entry.execution}
    occasion = Occasion(event=event, now=now, facts=facts, payloads={"entry": envelope.payload_bytes()}, once=once)
    if event is Event.REF_MOVED_OUTSIDE:
        unit.append(event, f"repository:{entry.facts.get('repository', '')}", facts, now=now, once=once)
        stop_in_flight(
            unit, entry.facts.get("repository", ""), entry.facts.get("seen", ""), now, ref=entry.facts.get("ref", "")
        )
        return
    if event is Event.TRUST_DEMOTED:
        unit.append(event, f"repository:{entry.facts.get('repository', '')}", facts, now=now, once=once)
        return
    try:
        case = unit.case_of_warrant(entry.execution)
    except NotFound:
        unit.append(event, f"execution:{entry.execution}"[:120], facts, now=now, once=once)
        return
    target = _after(event, entry.facts, case.standing.state)
    if target is None:
        note(unit, case, occasion)
    else:
        move(unit, case, route(case.standing.state, target), occasion)


def record_report(unit: Unit, envelope: Envelope, trust: Trust, now: int) -> Case:
    """Settle a case by the executor's signed report; the same report again changes nothing.

    A report about an earlier warrant of the case is kept and moves nothing.

    Raises:
        Refused: MAG-E106, MAG-E107 signature; MAG-E451 for another warrant than the case's.
    """
    report = trust.roster().open_by_executor(envelope, Report).body
    case = unit.case(report.proposal)
    once = f"report:{envelope.payload_digest()}"
    if unit.recorded(once):
        return case
    warrants = [e.payload_digest() for e in unit.documents(Warrant.NAME, case.facts.proposal)]
    if report.warrant not in warrants:
        raise Refused("MAG-E451", "the report names a warrant that this case never had")
    facts = {
        "outcome": report.outcome.value, "why": report.why[:1000], "ref_before": report.ref_before,
        "ref_after": report.ref_after, "leases_open": str(report.leases_open), "journal_head": report.journal_head,
        "report": envelope.payload_digest(),
    }  # fmt: skip
    current = report.warrant == warrants[-1] and case.standing.warrant is not None
    target = _target(unit, case, report) if current else case.standing.state
    event = Event.CASE_CLOSED if target in TERMINAL else Event.CASE_HELD
    occasion = Occasion(event=event, now=now, facts=facts, payloads={"report": envelope.payload_bytes()}, once=once)
    path = _path(case.standing.state, target)
    if path:
        changes = WAITS_AGAIN if target is CaseState.CLEARED else {}
        case, recorded = move(unit, case, path, occasion, why=report.why[:500], **changes)
    else:
        recorded = note(unit, case, occasion)
    unit.keep(envelope, kind=Report.NAME, proposal=case.facts.proposal, author="executor", seq=recorded.seq)
    if current:
        _follow_tip(unit, case, report, trust, now)
    return case


def sweep(unit: Unit, now: int, another: Callable[[Case], bool] = lambda _: False) -> int:
    """Let time have its say: expire, and doubt what should have ended. Returns how many moved.

    A warrant that its executor never took is over; where `another` executor asks for the case, it waits for that one.
    """
    moved = 0
    for case in unit.cases((*BEFORE_EXECUTION, *IN_EXECUTION), limit=10_000):
        target, why = _overdue(case, now)
        if target is CaseState.EXPIRED and case.standing.state is CaseState.WARRANTED and another(case):
            words = {"why": f"{why}; another executor asks for work"}
            occasion = Occasion(event=Event.CASE_HELD, now=now, facts=words)
            move(unit, case, (CaseState.CLEARED,), occasion, why=words["why"], **WAITS_AGAIN)
            moved += 1
        elif target is not None:
            event = Event.CASE_CLOSED if target in TERMINAL else Event.CASE_HELD
            move(unit, case, (target,), Occasion(event=event, now=now, facts={"why": why}), why=why)
            moved += 1
    return moved


def watch_tips(unit: Unit, repositories: Repositories, now: int) -> tuple[str, ...]:
    """Compare each ref with what we left there; returns alarms in words.

    Runs inside one transaction, so that no report can land between looking and comparing.
    """
    alarms = []
    for row in unit.repositories():
        if not row.ready or unit.cases(IN_EXECUTION, limit=1, repository=row.repository):
            continue
        tip = repositories.tip(row.repository, row.ref)
        if tip == row.tip:
            continue
        if not row.tip:
            unit.put_repository(replace(row, tip=tip))
            continue
        facts = {"repository": row.repository, "ref": row.ref, "expected": row.tip, "seen": tip or "absent"}
        unit.append(Event.REF_MOVED_OUTSIDE, f"repository:{row.repository}", facts, now=now)
        count = stop_in_flight(unit, row.repository, tip, now)
        alarms.append(
            f"{row.repository} {row.ref} moved outside: {row.tip[:12]} -> {tip[:12]}; {count} cases are stale"
        )
    return tuple(alarms)


def stop_in_flight(unit: Unit, repository: str, seen: str, now: int, *, ref: str = "") -> int:
    """Make every case before execution on the repository STALE and note the alarm; `ref`: what moved, if not its branch."""
    count = 0
    for case in unit.cases(BEFORE_EXECUTION, limit=10_000, repository=repository):
        if case.standing.state is CaseState.WARRANTED and case.standing.taken is not None:
            continue  # already in the executor's hands, who looks at the ref itself
        why = f"moved by another hand: {moved_on(case, seen)}"
        occasion = Occasion(event=Event.CASE_CLOSED, now=now, facts={"why": why, "seen": seen})
        move(unit, case, (CaseState.STALE,), occasion, why=why)
        count += 1
    try:
        row = unit.repository(repository)
    except NotFound:
        return count
    ours = ref in {"", row.ref}
    tip = seen if ours and len(seen) == _COMMIT_LENGTH else row.tip
    what = "" if ours else f"{ref} "
    unit.put_repository(replace(row, tip=tip, alarm=f"{what}moved outside to {seen[:12] or 'nothing'}"))
    return count


def _after(event: Event, facts: dict[str, str], state: CaseState) -> CaseState | None:
    """Where a step takes a case, or None when it stays."""
    inverse = facts.get("purpose") == LeasePurpose.ROLLBACK
    if event is Event.LEASE_REQUESTED:
        if inverse and state is CaseState.VERIFYING:
            return CaseState.ROLLING_BACK
        return CaseState.EXECUTING if not inverse and state is CaseState.WARRANTED else None
    if event is Event.EFFECT_DONE and state is CaseState.EXECUTING:
        return CaseState.VERIFYING
    return None


def _path(current: CaseState, target: CaseState) -> tuple[CaseState, ...]:
    """Steps from here to what was reported; through doubt when there is no other way; () if ended."""
    if current is target or current in TERMINAL:
        return ()
    try:
        return route(current, target)
    except Refused:
        verify_transition(current, CaseState.IN_DOUBT)
        verify_transition(CaseState.IN_DOUBT, target)
        return (CaseState.IN_DOUBT, target)


def _target(unit: Unit, case: Case, report: Report) -> CaseState:
    """Where a report takes its case; what was refused for version skew, with nothing begun, waits for the upgrade."""
    skewed = report.outcome is Outcome.VERSION_SKEW and case.standing.state is CaseState.WARRANTED
    return CaseState.CLEARED if skewed and may_wait_again(unit, case) else OUTCOMES[report.outcome]


def _overdue(case: Case, now: int) -> tuple[CaseState | None, str]:
    standing = case.standing
    if standing.state is CaseState.WARRANTED and standing.taken is None:
        if (standing.warrant_expires or 0) <= now:
            return CaseState.EXPIRED, "nobody took the warrant in its five minutes"
    elif standing.state in IN_EXECUTION:
        if (standing.taken or standing.updated) + DOUBT_SECONDS <= now:
            return CaseState.IN_DOUBT, "no report within 15 minutes; the target decides"
    elif case.facts.expires <= now:
        return CaseState.EXPIRED, "not decided in time; silence is never consent"
    return None, ""


def _follow_tip(unit: Unit, case: Case, report: Report, trust: Trust, now: int) -> None:
    """What landed is the new tip, and whatever stands on an older one is over.

    A report that comes after a later landing changes neither. A halt leaves our own commit on the
    ref unless another hand moved it.
    """
    foreign = any(step.event == Event.REF_MOVED_OUTSIDE for step in report.steps)
    landed = {Outcome.SUCCEEDED, Outcome.ROLLED_BACK, *(() if foreign else (Outcome.HALTED,))}
    if len(report.ref_after) != _COMMIT_LENGTH or report.outcome not in landed:
        return
    row = unit.repository(case.facts.repository)
    if row.ref != case.facts.ref:  # a tag or a stage: the branch stands where it stood
        if case.facts.ref.startswith(STAGES):
            close_overtaken(unit, case, report.ref_after, trust, now)
        return
    if row.tip in {"", report.ref_before, report.ref_after}:
        unit.put_repository(replace(row, tip=report.ref_after))
        close_overtaken(unit, case, report.ref_after, trust, now)
