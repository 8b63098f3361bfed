"""The signed report of one execution, made from the journal and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from magistrate.domain.events import Event
from magistrate.executor.casebook import Casebook
from magistrate.executor.identity import Identity
from magistrate.executor.rows import JournalStep
from magistrate.executor.work import decode_bundle
from magistrate.wire.envelope import Envelope
from magistrate.wire.report import Outcome, Report, Step

_TOLD: Final = frozenset(Event) | {JournalStep.CHECKS_DONE, JournalStep.EXECUTION_RESUMED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an execution ended and where the ref stands (empty when it was never looked at)."""

    outcome: Outcome
    why: str
    ref_after: str


def make_report(book: Casebook, identity: Identity, execution: str, ending: Ending, now: int) -> Envelope:
    """Build and sign the report; `journal_head` pins the journal as it is at this moment."""
    row = book.execution(execution)
    entries = book.journal.entries(execution)
    steps = tuple(
        Step(event=entry.body.step, at=entry.issued, facts=entry.body.facts)
        for entry in entries
        if entry.body.step in _TOLD
    )
    body = Report(
        warrant=row.warrant_digest, proposal=decode_bundle(row.bundle).proposal.payload_digest(),
        outcome=ending.outcome, why=ending.why, steps=steps, ref_before=row.old, ref_after=ending.ref_after,
        leases_open=len([lease for lease in book.open_leases() if lease.execution == execution]),
        journal_head=book.journal.head or "",
    )  # fmt: skip
    return identity.seal(identity.frame(body, "rep", now=now, lifetime=None))
