"""Holds: why a cleared case waits, in words that name who can end it.

Rule kept (R57-R59): no warrant is issued under a freeze or within a freeze window, nor for a ref that a halted case left
behind or whose last execution is in doubt, nor in vain for an executor with another version of the assessor, nor
while an earlier warrant of the case could still be used; `show` and `queue` say which, since when, and what lifts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from magistrate.authority.closures import Halt, held_because
from magistrate.authority.roster import TrustedRoster
from magistrate.authority.stops import persons_needed
from magistrate.authority.windows import closed_by, in_words
from magistrate.domain.case import Case
from magistrate.domain.lifecycle import CaseState
from magistrate.ports import Trust, Unit
from magistrate.usecases.freezes import covering_freezes
from magistrate.usecases.polls import Polls
from magistrate.usecases.skew import skew_of
from magistrate.wire.times import rfc3339

_SHORT = slice(7, 19)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One reason to wait. `by` is `freeze`, `window`, `halt`, `doubt`, `skew` or `warrant`.

    `name` is the digest of the freeze, of the other case or of the executor's assessor, or the name of the window.
    """

    by: str
    name: str
    since: str
    person: str
    reason: str
    lift: str
    words: str


def standing_holds(unit: Unit, trust: Trust, case: Case, polls: Polls, now: int) -> tuple[Hold, ...]:
    """Everything that keeps a warrant from being issued for the case at `now` (Unix seconds), freezes first."""
    roster = trust.roster()
    return (
        *_freezes(unit, trust, case),
        *_windows(trust, case, now),
        *_halts(unit, case, roster),
        *_doubts(unit, case),
        *_skews(unit, case, roster, polls, now),
        *_unlapsed(case, now),
    )


def halt_of(case: Case) -> Halt:
    """A halted case as its closures name it."""
    facts = case.facts
    return Halt(proposal=facts.proposal, owner=facts.owner, repository=facts.repository, ref=facts.ref)


def halted_on(unit: Unit, repository: str, ref: str) -> tuple[Case, ...]:
    """Halted cases that nobody has closed on one ref."""
    return _on_ref(unit, CaseState.HALTED, repository, ref)


def _on_ref(unit: Unit, state: CaseState, repository: str, ref: str) -> tuple[Case, ...]:
    found = unit.cases((state,), limit=10_000, repository=repository)
    return tuple(case for case in found if case.facts.ref == ref)


def _freezes(unit: Unit, trust: Trust, case: Case) -> tuple[Hold, ...]:
    people = "two persons sign" if persons_needed(trust.roster()) > 1 else "one person signs"
    holds = []
    for document in covering_freezes(unit, trust, case):
        name, body = document.digest(), document.body
        lift = f"magistrate thaw {name[_SHORT]} --reason TEXT ({people})"
        words = f"held: frozen since {document.issued} by {body.person}: {body.reason}; to lift it: {lift}"
        holds.append(
            Hold(
                by="freeze", name=name, since=document.issued, person=body.person, reason=body.reason, lift=lift,
                words=words,
            )
        )  # fmt: skip
    return tuple(holds)


def _windows(trust: Trust, case: Case, now: int) -> tuple[Hold, ...]:
    facts = case.facts
    closed = closed_by(
        trust.policy().body.windows, repository=facts.repository, environment=facts.environment,
        classes=frozenset(case.standing.classes), now=now,
    )  # fmt: skip
    return tuple(
        Hold(
            by="window", name=one.window.window, since="", person="", reason=one.window.reason,
            lift=f"it ends by itself at {rfc3339(one.until)}", words=f"held: {in_words(one)}",
        )
        for one in closed
    )  # fmt: skip


def _halts(unit: Unit, case: Case, roster: TrustedRoster) -> tuple[Hold, ...]:
    return tuple(
        Hold(
            by="halt", name=halted.facts.proposal, since=rfc3339(halted.standing.updated), person="",
            reason=halted.standing.why, lift=f"magistrate close {halted.facts.proposal[_SHORT]} --reason TEXT",
            words=held_because(halt_of(halted), roster),
        )
        for halted in halted_on(unit, case.facts.repository, case.facts.ref)
    )  # fmt: skip


def _doubts(unit: Unit, case: Case) -> tuple[Hold, ...]:
    """Executions on this ref that no report ended: what they left decides first."""
    lift = "the executor's report, or the state of the target"
    return tuple(
        Hold(
            by="doubt", name=other.facts.proposal, since=rfc3339(other.standing.updated), person="",
            reason=other.standing.why, lift=lift,
            words=f"held: nobody knows yet how {other.facts.proposal[_SHORT]} ended on {case.facts.ref}; {lift} will tell",
        )
        for other in _on_ref(unit, CaseState.IN_DOUBT, case.facts.repository, case.facts.ref)
    )  # fmt: skip


def _skews(unit: Unit, case: Case, roster: TrustedRoster, polls: Polls, now: int) -> tuple[Hold, ...]:
    """Whether every executor that asks for work has another version of the assessor than the one that judged."""
    skew = skew_of(unit, case, roster, polls, now)
    if skew is None:
        return ()
    lift = "upgrade whichever is older; a verdict of another version is judged and approved again"
    return (
        Hold(
            by="skew", name=skew.executors, since=rfc3339(case.standing.updated), person="", reason="version skew",
            lift=lift, words=f"held: {skew.words}; {lift}",
        ),
    )  # fmt: skip


def _unlapsed(case: Case, now: int) -> tuple[Hold, ...]:
    lapses = case.standing.warrant_expires or 0
    if lapses <= now:
        return ()
    until = rfc3339(lapses)
    words = f"held: an earlier warrant of this case lapses at {until}, and no two may be usable at once"
    return (Hold(by="warrant", name="", since="", person="", reason="one warrant at a time",
                 lift=f"it ends by itself at {until}", words=words),)  # fmt: skip
