"""The crash matrix, enumerated: every step of the journal, before and after its durable write, times every fault.

Action `git_merge` (effect, rollback, and the ways that crashes and other hands lead to) with the broker
`embedded git gate`. A step of the journal that no cell names fails `tests/architecture/test_crash_cells.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from magistrate.domain.events import Event
from magistrate.domain.execution import LeaseState
from magistrate.executor.rows import JournalStep

FAULTS: Final = (
    "kill executor", "kill gate", "stop executor", "stop gate", "journal full", "gate store full", "clock +1 h",
    "clock -1 h", "slow provider", "dead provider",
)  # fmt: skip
MOMENTS: Final = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One durable write: the `occurrence`-th entry of a step in a journal, and the moment around it."""

    step: str
    status: str
    occurrence: int = 1
    moment: str = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way through an execution: what leads to it, and the writes that are its own, in order.

    `leads` are points with what happens there first: `crash`, `provider dies`, `another hand`. `releases`: it
    makes a tag, and moves no branch; `stage`: it brings that stage up to date. `ends` are the outcomes that it can have.
    """

    name: str
    healthy: bool
    writes: tuple[tuple[str, str, int], ...]
    leads: tuple[tuple[Point, str], ...] = ()
    releases: bool = False
    stage: str = ""
    ends: tuple[str, ...] = ("succeeded", "failed", "refused")


INTENT, DONE = "intent", "done"
_REVOKED = Point(step=JournalStep.LEASE_REVOKING, status=INTENT)
WAYS: Final = (
    Way(
        name="effect", healthy=True,
        writes=(
            (JournalStep.WARRANT_TAKEN, INTENT, 1), (JournalStep.WARRANT_TAKEN, DONE, 1),
            (JournalStep.WARRANT_ADMITTED, DONE, 1), (JournalStep.COMMITS_MADE, DONE, 1),
            (JournalStep.CHECKS_STARTED, INTENT, 1), (JournalStep.CHECKS_DONE, DONE, 1),
            (Event.LEASE_REQUESTED, INTENT, 1), (Event.LEASE_HELD, DONE, 1), (Event.EFFECT_STARTED, INTENT, 1),
            (JournalStep.LEASE_REVOKING, INTENT, 1), (Event.LEASE_RELEASED, DONE, 1), (Event.EFFECT_DONE, DONE, 1),
            (JournalStep.VERIFICATION_STARTED, INTENT, 1), (Event.VERIFICATION_DONE, DONE, 1),
            (JournalStep.EXECUTION_ENDED, DONE, 1),
        ),
    ),
    Way(
        name="rollback", healthy=False, ends=("rolled_back", "failed", "refused", "halted"),
        writes=(
            (Event.LEASE_REQUESTED, INTENT, 2), (Event.LEASE_HELD, DONE, 2), (Event.EFFECT_STARTED, INTENT, 2),
            (JournalStep.LEASE_REVOKING, INTENT, 2), (Event.LEASE_RELEASED, DONE, 2), (Event.ROLLBACK_DONE, DONE, 1),
            (JournalStep.EXECUTION_ENDED, DONE, 1),
        ),
    ),
    Way(
        name="resumed", healthy=True, writes=((JournalStep.EXECUTION_RESUMED, INTENT, 1),),
        leads=((Point(step=Event.LEASE_HELD, status=DONE), "crash"),),
    ),
    Way(
        name="unconfirmed", healthy=True, writes=((Event.LEASE_UNCONFIRMED, DONE, 1),),
        leads=((_REVOKED, "provider dies"),),
    ),
    Way(
        name="halted", healthy=True, ends=("halted",),
        writes=(
            (Event.REF_MOVED_OUTSIDE, DONE, 1), (JournalStep.EXECUTION_ENDED, DONE, 1), (JournalStep.HALT_TOLD, DONE, 1),
        ),
        leads=((Point(step=Event.EFFECT_DONE, status=DONE), "another hand"),),
    ),
)  # fmt: skip

_DRILL = "it belongs to no warrant: a drill is ordered apart, on a scratch repository (test_executor_drills.py)"
_RECONCILED = (
    "it belongs to no warrant: a lease that no execution asked for closes a repository between two warrants"
    " (ForeignLeases; tests of reconciliation)"
)
_SYSTEM = "only what a stage is brought beside its ref writes it: those cells are of the actions below"
_KEY = "it belongs to no warrant: nothing is in flight while a key is replaced, which is killed at each step (test_key_rotation.py)"
NOT_APPLICABLE: Final[Mapping[str, str]] = {
    JournalStep.DRILL_KEPT: _DRILL,
    JournalStep.HALT_CLOSED: "two people and a second warrant write it, before any lease of that warrant is asked for"
    " (test_halted_town.py, test_executor_halts.py)",
    JournalStep.SYSTEM_STARTED: _SYSTEM,
    JournalStep.SYSTEM_CHANGED: _SYSTEM,
    JournalStep.SECRET_PROBED: _SYSTEM,
    JournalStep.KEY_HANDED_OVER: _KEY,
    JournalStep.KEY_TAKEN_OVER: _KEY,
    JournalStep.KEY_PROBED: _KEY,
    Event.FREEZE_SET: _RECONCILED,
    Event.FREEZE_LIFTED: _RECONCILED,
    Event.TRUST_DEMOTED: "a refusal at admission writes it, before any lease; done again after a crash it says the same"
    " (test_other_verdict.py)",
}
"""Steps of which no cell runs, and why; what is said holds for each of their cells."""
_ELSEWHERE: Final = (
    "session.", "context.", "finding.", "proposal.", "assessment.", "decision.", "approval.", "closure.",
    "warrant.issued", "case.", "trust.promoted", "drill.", "roster.", "policy.", "payload.", "pattern.",
)  # fmt: skip
"""Events of the log that another process writes; none of them is an entry of this journal."""
LEASE_EVENTS: Final[Mapping[LeaseState, str]] = {
    LeaseState.REQUESTED: Event.LEASE_REQUESTED, LeaseState.HELD: Event.LEASE_HELD,
    LeaseState.REVOKING: JournalStep.LEASE_REVOKING, LeaseState.RELEASED: Event.LEASE_RELEASED,
    LeaseState.UNCONFIRMED: Event.LEASE_UNCONFIRMED,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell; `why_not` says why it is not applicable, empty when it runs."""

    way: Way
    point: Point
    fault: str
    why_not: str = ""

    @property
    def row(self) -> str:
        """`effect lease.held`, with the status where a step has two, and which one where its way has several."""
        both = self.point.step == JournalStep.WARRANT_TAKEN
        several = sum(step == self.point.step for step, _, _ in self.way.writes) > 1 and not both
        nth = f" {self.point.occurrence}" if several else ""
        return f"{self.way.name} {self.point.step}{f' {self.point.status}' if both else ''}{nth}"

    @property
    def name(self) -> str:
        """`effect lease.held, after, kill gate`: the same for ever, results bear it."""
        return f"{self.row}, {self.point.moment}, {self.fault}"


def _applicable() -> tuple[Cell, ...]:
    return tuple(
        Cell(way=way, point=Point(step=step, status=status, occurrence=number, moment=moment), fault=fault)
        for way in WAYS
        for step, status, number in way.writes
        for moment in MOMENTS
        for fault in FAULTS
    )


def _not_applicable() -> tuple[Cell, ...]:
    none = Way(name="none", healthy=True, writes=())
    return tuple(
        Cell(way=none, point=Point(step=step, status=DONE, moment=moment), fault=fault, why_not=why)
        for step, why in NOT_APPLICABLE.items()
        for moment in MOMENTS
        for fault in FAULTS
    )


MATRIX: Final = (*_applicable(), *_not_applicable())
CELLS: Final = tuple(cell for cell in MATRIX if not cell.why_not)


def written_by_the_executor() -> frozenset[str]:
    """Every step that an entry of the journal can bear: its own, and the events of leases and effects."""
    events = {event.value for event in Event if not event.value.startswith(_ELSEWHERE)}
    return frozenset(events) | {step.value for step in JournalStep}


def covering(ways: tuple[Way, ...] = WAYS) -> tuple[Cell, ...]:
    """The sample of the normal suite: each write once, each fault and each moment in turn."""
    found = []
    writes = [(way, write) for way in ways for write in way.writes]
    for number, (way, (step, status, occurrence)) in enumerate(writes):
        fault, moment = FAULTS[number % len(FAULTS)], MOMENTS[(number + number // len(FAULTS)) % 2]
        point = Point(step=step, status=status, occurrence=occurrence, moment=moment)
        found.append(Cell(way=way, point=point, fault=fault))
    return tuple(found)
