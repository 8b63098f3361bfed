"""What a class of changes must have shown in one place before people may promote it (R70, R71).

Rule kept (invariant 10): autonomy is earned by measured evidence, never by a rate of approvals. What nobody
verified, what is too young to have come back, and what lacks a part of its record counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """How much is enough; all times in days.

    300 changes with none misjudged put the share of misjudged ones below 1 % with 95 % certainty (rule of three).
    """

    assessed: int = 300
    live: int = 30
    agent_live: int = 30
    rollback_drills: int = 5
    settled_days: int = 14
    window_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """What is on record for one class, repository, environment and assessor, within the window.

    `assessed` were proven to be low, of them `live` landed, were verified by something that they cannot influence, and
    had no setback until they settled; `agent_live` of these are by the version of the agent that shall be promoted.
    `drills` says of each kind of drill how many passed and how many did not, `ready` whether all count now.
    """

    assessed: int
    live: int
    agent_live: int
    misjudged: int
    incomplete: int
    unconfirmed: int
    setbacks: int
    ready: bool
    drills: tuple[tuple[str, int, int], ...]


def lacking(record: TrackRecord, bars: Bars) -> Iterator[str]:
    """What is missing for a promotion, in words; nothing when all three proofs and the evidence are there."""
    passed = {kind: (held, failed) for kind, held, failed in record.drills}
    if record.incomplete:
        yield f"logging: {record.incomplete} cases lack a part of their record"
    if not record.ready:
        yield "logging, entitlement, revocation, rollback: the drills have not all passed here, or not lately"
    failed = sum(each for kind, (_, each) in passed.items() if kind != "rollback")
    if failed:
        yield f"entitlement: {failed} drills failed in {bars.window_days} days"
    if record.unconfirmed:
        yield f"entitlement: {record.unconfirmed} leases were not confirmed dead"
    rollbacks, broken = passed.get("rollback", (0, 0))
    if rollbacks < bars.rollback_drills or broken:
        yield f"rollback: {rollbacks} drills passed and {broken} failed, of {bars.rollback_drills} that must pass"
    if record.misjudged or record.setbacks:
        yield f"class: {record.misjudged} judged wrongly, {record.setbacks} taken back or halted in this place"
    if record.assessed < bars.assessed or record.live < bars.live:
        yield (
            f"class: {record.assessed} of {bars.assessed} changes proven low, {record.live} of {bars.live} landed, verified"
            f" and {bars.settled_days} days old"
        )
    if record.agent_live < bars.agent_live:
        yield f"agent: {record.agent_live} of {bars.agent_live} such changes by this version of it"
