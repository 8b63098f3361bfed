"""The crash matrix of the other actions: each write that is an action's own, times every fault, before the write or after it in turn.

`release` and `deploy` go through the gate alone; the others through the gate and then PostgreSQL or a target behind sshd, where `slow` and
`dead` strike all ways at once, so that they strike the provider of the write whichever it is. A way back begins there and ends at the
gate. What comes before the commits is the same for all actions, and is struck for `git_merge` (`crash_cells`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from soak.crash_cells import DONE, FAULTS, INTENT, MOMENTS, Cell, Point, Way

from magistrate.domain.events import Event
from magistrate.executor.rows import JournalStep

Write = tuple[str, str, int]


def _lease(number: int) -> tuple[Write, Write]:
    return (Event.LEASE_REQUESTED, INTENT, number), (Event.LEASE_HELD, DONE, number)


def _dead(number: int) -> tuple[Write, Write]:
    return (JournalStep.LEASE_REVOKING, INTENT, number), (Event.LEASE_RELEASED, DONE, number)


def _system(lease: int, probed: bool) -> tuple[Write, ...]:
    """One lease of a system or consumer: the first of all leases is the gate's."""
    seen: tuple[Write, ...] = ((JournalStep.SECRET_PROBED, DONE, lease - 1),) if probed else ()
    return (*_lease(lease), (JournalStep.SYSTEM_STARTED, INTENT, lease - 1), *_dead(lease), *seen)


_MADE: Final[Write] = (JournalStep.COMMITS_MADE, DONE, 1)
_STARTED: Final[Write] = (Event.EFFECT_STARTED, INTENT, 1)
_DONE: Final[Write] = (Event.EFFECT_DONE, DONE, 1)
_VERIFIED: Final[tuple[Write, ...]] = (
    (JournalStep.VERIFICATION_STARTED, INTENT, 1),
    (Event.VERIFICATION_DONE, DONE, 1),
)
_ENDED: Final[Write] = (JournalStep.EXECUTION_ENDED, DONE, 1)
_BACK: Final[tuple[Write, ...]] = (
    *_lease(4), (Event.EFFECT_STARTED, INTENT, 2), *_dead(4), (Event.ROLLBACK_DONE, DONE, 1), _ENDED,
)  # fmt: skip
"""The way back of the ref, after what stands beside it."""
ACTIONS: Final = (
    Way(
        name="release", healthy=True, releases=True,
        writes=(_MADE, *_lease(1), _STARTED, *_dead(1), _DONE, _ENDED),
    ),
    Way(
        name="deploy", healthy=True, stage="live",
        writes=(_MADE, *_lease(1), _STARTED, *_dead(1), _DONE, *_VERIFIED, _ENDED),
    ),
    Way(
        name="deploy-back", healthy=False, stage="live", ends=("rolled_back", "failed", "refused", "halted"),
        writes=(*_lease(2), (Event.EFFECT_STARTED, INTENT, 2), *_dead(2), (Event.ROLLBACK_DONE, DONE, 1), _ENDED),
    ),
    Way(
        name="change_entitlement", healthy=True, stage="orders",
        ends=("succeeded", "rolled_back", "failed", "refused", "halted"),
        writes=(_MADE, _DONE, *_system(2, probed=False), (JournalStep.SYSTEM_CHANGED, DONE, 1), *_VERIFIED, _ENDED),
    ),
    Way(
        name="entitle-back", healthy=False, stage="orders", ends=("rolled_back", "failed", "refused", "halted"),
        writes=(
            *_system(3, probed=False), (JournalStep.SYSTEM_CHANGED, DONE, 2), *_BACK,
        ),
    ),
    Way(
        name="deliver", healthy=True, stage="site",
        ends=("succeeded", "rolled_back", "failed", "refused", "halted"),
        writes=(_DONE, *_system(2, probed=False), (JournalStep.SYSTEM_CHANGED, DONE, 1), *_VERIFIED, _ENDED),
    ),
    Way(
        name="deliver-back", healthy=False, stage="site", ends=("rolled_back", "failed", "refused", "halted"),
        writes=(*_system(3, probed=False), (JournalStep.SYSTEM_CHANGED, DONE, 2), *_BACK),
    ),
    Way(
        name="rotate_secret", healthy=True, stage="password",
        ends=("succeeded", "rolled_back", "failed", "refused", "halted"),
        writes=(
            _MADE, _DONE, *_system(2, probed=True), *_system(3, probed=True), *_system(4, probed=True),
            (JournalStep.SYSTEM_CHANGED, DONE, 1), *_VERIFIED, _ENDED,
        ),
    ),
)  # fmt: skip
_SAME = "written before the commits are made, by the same code whatever the action: struck for `git_merge`"
_WAYS = "a way that crashes, a silent provider or another hand lead to: it is of no action, and struck for `git_merge`"
NOT_HERE: Final[Mapping[str, str]] = {
    "warrant.taken, warrant.admitted, checks.started, checks.done": _SAME,
    "execution.resumed, lease.unconfirmed, ref.moved_outside, halt.told": _WAYS,
    "release: verification, way back": "a release puts nothing to where it runs, and is never taken back",
    "rotate_secret: way back": "a rotation has none",
    "deliver: the record on the branch": "the writes of `deploy`, by the same code",
    "disk and clock of the database and of a target": "nothing fills the one or sets the other from outside here; a statement or a login"
    " that fails is a dead provider",
}  # fmt: skip
"""What has no cell of its own, and why."""


def cells(ways: Sequence[Way] = ACTIONS) -> tuple[Cell, ...]:
    """Each write with each fault, at one of the two moments: the other for the next fault, and for the next write."""
    writes = [(way, write) for way in ways for write in way.writes]
    return tuple(
        Cell(
            way=way,
            point=Point(step=step, status=status, occurrence=nth, moment=MOMENTS[(at + number) % 2]),
            fault=fault,
        )
        for number, (way, (step, status, nth)) in enumerate(writes)
        for at, fault in enumerate(FAULTS)
    )


CELLS: Final = cells()


def covering() -> tuple[Cell, ...]:
    """The sample of the normal suite: two writes of each way, its second and a middle one; each fault in turn."""
    chosen = [(way, write) for way in ACTIONS for write in (way.writes[1], way.writes[len(way.writes) // 2])]
    by_write = [[cell for cell in CELLS if cell.way is way and _write(cell) == write] for way, write in chosen]
    return tuple(same[number % len(FAULTS)] for number, same in enumerate(by_write))


def _write(cell: Cell) -> Write:
    return cell.point.step, cell.point.status, cell.point.occurrence
