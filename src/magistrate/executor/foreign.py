"""Leases at the gate that this journal does not know: alarmed, killed, and their repository closed.

Rule kept (invariant 7): a usable lease that no execution here asked for, or that is over by this
journal, is written down first, then told to the gate until it hears; from then on no warrant of its
repository is admitted here until people have thawed it with signed words that this executor verified
itself. A lease of another executor of the roster is for that one to know.
"""

from __future__ import annotations

from collections.abc import Sequence

from magistrate.authority.foreign_lease import ForeignLease, name_of, verify_lifted
from magistrate.authority.roster import TrustedRoster
from magistrate.domain.events import Event
from magistrate.domain.execution import LeaseState
from magistrate.errors import MagistrateError, NotFound
from magistrate.executor.casebook import Casebook
from magistrate.executor.identity import Identity
from magistrate.executor.ports import Alarm, Mint, ProviderLease
from magistrate.wire.envelope import Envelope


class ForeignLeases:
    """Foreign leases of one journal."""

    def __init__(self, *, book: Casebook, broker: Mint, alarm: Alarm, identity: Identity) -> None:
        self._book = book
        self._broker = broker
        self._alarm = alarm
        self._identity = identity

    def reconcile(self) -> None:
        """Compare the provider's list with the journal, and act on what should not live (raises Unavailable)."""
        for found in self._broker.leases():
            if (
                found.usable
                and self._mine(found)
                and self._book.lease_state(found.lease) in {None, LeaseState.RELEASED}
            ):
                self._write(found)
        self.tell()

    def tell(self) -> None:
        """Have the gate kill each and close its repository; one that it has not heard of is told again each round."""
        for foreign in self._book.foreign_leases(untold=True):
            self._alarm.raise_alarm(
                f"the gate holds a usable lease `{foreign.lease}` that no execution here needs;"
                f" `{foreign.repository}` is closed until people thaw it"
            )
            try:
                self._broker.disown(foreign.lease)
            except NotFound:
                self._alarm.raise_alarm(f"the gate knows no lease `{foreign.lease}` any more")
            except MagistrateError as error:
                self._alarm.raise_alarm(f"the gate has not killed `{foreign.lease}` yet: {error.message}")
                continue
            self._book.foreign_told(foreign.lease)

    def verify_open(self, repository: str, roster: TrustedRoster, thaws: Sequence[Envelope]) -> None:
        """Check that no foreign lease closes the repository; what people thawed is written down.

        Raises:
            Refused: MAG-E127 until enough people signed.
        """
        for foreign in self._book.foreign_leases(repository=repository):
            given = verify_lifted(thaws, foreign, roster)
            facts = {"lease": foreign.lease, "repository": repository, "persons": " ".join(given),
                     "freeze": name_of(foreign, roster.deployment)}  # fmt: skip
            self._book.foreign_ended(foreign.lease, Event.FREEZE_LIFTED, facts)

    def _mine(self, found: ProviderLease) -> bool:
        return found.executor in {"", self._identity.keyid} or not found.executor_listed

    def _write(self, found: ProviderLease) -> None:
        foreign = ForeignLease(lease=found.lease, repository=found.repository, since=self._book.journal.now())
        facts = {
            "lease": foreign.lease, "repository": foreign.repository, "freeze": name_of(foreign, self._identity.deployment),
            "reason": "a usable lease that no execution asked for",
        }  # fmt: skip
        self._book.foreign_found(foreign, Event.FREEZE_SET, facts)
