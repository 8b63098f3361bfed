"""Refs that this executor left half done, by its own journal; the gate is told until it hears.

Rule kept (R58): a journal that knows a halted execution admits no warrant for its ref until people
have closed that case with signed words that this executor verified itself; that it did is an entry.
"""

from __future__ import annotations

from collections.abc import Sequence

from magistrate.authority.closures import Halt, verify_closed
from magistrate.authority.roster import TrustedRoster
from magistrate.errors import MagistrateError
from magistrate.executor.casebook import Casebook
from magistrate.executor.ports import Alarm, Broker
from magistrate.executor.rows import ExecutionRow, JournalStep
from magistrate.executor.work import decode_bundle
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitEffect
from magistrate.wire.envelope import Envelope
from magistrate.wire.journal_entry import StepStatus
from magistrate.wire.proposal import Proposal


class Halts:
    """Halted executions of one journal."""

    def __init__(self, *, book: Casebook, broker: Broker, alarm: Alarm, deployment: str) -> None:
        self._book = book
        self._broker = broker
        self._alarm = alarm
        self._deployment = deployment

    def verify_free(self, effect: GitEffect, roster: TrustedRoster, closures: Sequence[Envelope]) -> None:
        """Check that no halted execution of this journal holds the ref; what people closed is written down.

        Raises:
            Refused: MAG-E126 naming the case, until enough closures are seen.
        """
        for row in self._book.halted(JournalStep.HALT_CLOSED):
            if (row.repository, row.ref) != (effect.repository, effect.ref):
                continue
            given = verify_closed(closures, self._halt(row), roster)
            facts = {
                "proposal": row.proposal, "ref": row.ref, "persons": " ".join(one.person.person for one in given),
                "closures": " ".join(one.digest for one in given),
            }  # fmt: skip
            self._book.step(row.warrant, JournalStep.HALT_CLOSED, StepStatus.DONE, facts)

    def tell(self) -> None:
        """Have the gate hold each ref too; one that it has not heard of is told again each round."""
        for row in self._book.halted(JournalStep.HALT_TOLD):
            try:
                self._broker.hold_for_people(row.warrant_digest, self._halt(row), f"the executor halted on `{row.ref}`")
            except MagistrateError as error:
                self._alarm.raise_alarm(f"the gate does not hold `{row.ref}` for people yet: {error.message}")
                continue
            self._book.step(row.warrant, JournalStep.HALT_TOLD, StepStatus.DONE, {"ref": row.ref})

    def _halt(self, row: ExecutionRow) -> Halt:
        proposal = open_envelope(decode_bundle(row.bundle).proposal, Proposal, deployment=self._deployment).body
        return Halt(proposal=row.proposal, owner=proposal.owner, repository=row.repository, ref=row.ref)
