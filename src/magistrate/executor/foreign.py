"""Leases that this journal does not know: alarmed, killed, and their repository or system closed.

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
from magistrate.executor.mints import Mints
from magistrate.executor.ports import Alarm, ProviderLease
from magistrate.wire.envelope import Envelope


class ForeignLeases:
    """Foreign leases of one journal."""

    def __init__(self, *, book: Casebook, mints: Mints, alarm: Alarm, identity: Identity) -> None:
        self._book = book
        self._mints = mints
        self._alarm = alarm
        self._identity = identity

    def reconcile(self) -> None:
        """Compare each provider's list with the journal, and act on what should not live; one that is silent is told.

        Raises:
            Unavailable: the gate is silent, so that it is asked again at once; a system or target waits for its next turn.
        """
        silent: MagistrateError | None = None
        for place, mint in self._mints.every():
            try:
                leases = mint.leases()
            except MagistrateError as error:
                silent = silent if place else error
                self._alarm.raise_alarm(f"no list of leases of {place or 'the gate'}: {error.code} {error.message}")
                continue
            for found in leases:
                if (
                    found.usable
                    and self._mine(found)
                    and self._book.lease_state(found.lease) in {None, LeaseState.RELEASED}
                ):
                    self._write(found, place or found.repository)
        self.tell()
        if silent is not None:
            raise silent

    def tell(self) -> None:
        """Have each killed where it was made, and a repository closed at the gate; what was not heard is told again each round."""
        for foreign in self._book.foreign_leases(untold=True):
            self._alarm.raise_alarm(
                f"there is a usable lease `{foreign.lease}` that no execution here needs;"
                f" `{foreign.repository}` is closed until people thaw it"
            )
            try:
                self._mints.of(foreign.repository).disown(foreign.lease)
            except NotFound:
                self._alarm.raise_alarm(f"nobody knows a lease `{foreign.lease}` any more")
            except MagistrateError as error:
                self._alarm.raise_alarm(f"`{foreign.lease}` is not killed yet: {error.message}")
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

    def _write(self, found: ProviderLease, place: str) -> None:
        foreign = ForeignLease(lease=found.lease, repository=place, since=self._book.journal.now())
        facts = {
            "lease": foreign.lease, "repository": foreign.repository, "freeze": name_of(foreign, self._identity.deployment),
            "reason": "a usable lease that no execution asked for",
        }  # fmt: skip
        self._book.foreign_found(foreign, Event.FREEZE_SET, facts)
