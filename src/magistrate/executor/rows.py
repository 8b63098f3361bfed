"""What is read from the tables of the executor's journal, and the steps that are its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from magistrate.domain.execution import LeasePurpose, LeaseState


class JournalStep(StrEnum):
    """Steps that are the executor's own; all others bear the name of an event of the log.

    Rule kept: an entry whose step is a word of `domain.events.Event` is that event and is
    written once for each occurrence; these here go to the journal only.
    """

    WARRANT_TAKEN = "warrant.taken"
    WARRANT_ADMITTED = "warrant.admitted"
    COMMITS_MADE = "commits.made"
    CHECKS_STARTED = "checks.started"
    CHECKS_DONE = "checks.done"
    LEASE_REVOKING = "lease.revoking"
    SYSTEM_STARTED = "system.started"
    SYSTEM_CHANGED = "system.changed"
    SECRET_PROBED = "secret.probed"  # noqa: S105  the name of a step
    VERIFICATION_STARTED = "verification.started"
    EXECUTION_RESUMED = "execution.resumed"
    DRILL_KEPT = "drill.kept"
    EXECUTION_ENDED = "execution.ended"
    HALT_TOLD = "halt.told"
    HALT_CLOSED = "halt.closed"
    KEY_HANDED_OVER = "key.handed_over"
    KEY_TAKEN_OVER = "key.taken_over"
    KEY_PROBED = "key.probed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRow:
    """One warrant that was taken. Empty strings until admission and commits are journaled."""

    warrant: str
    warrant_digest: str
    bundle: bytes
    proposal: str
    repository: str
    environment: str
    ref: str
    old: str
    commit: str
    inverse: str
    base_tree: str
    result_tree: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """One credential, from before it was minted; every column says why it exists (R51)."""

    lease: str
    execution: str
    purpose: LeasePurpose
    state: LeaseState
    warrant_digest: str
    proposal: str
    repository: str
    ref: str
    old: str
    new: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The commit this executor last left on a ref; `alarmed` is a foreign tip already told."""

    repository: str
    ref: str
    tip: str
    alarmed: str
