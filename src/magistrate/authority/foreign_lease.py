"""Leases that nobody's journal knows: what they close, and who may open it again.

Rule kept (invariant 7): a credential that works and that no execution asked for is a sign that
somebody else can make credentials. Its repository is closed at gate and executor, each by its own
record, until as many people as lift a freeze sign that it is over, an operator among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.authority.roster import TrustedRoster
from magistrate.authority.stops import lifting, persons_needed
from magistrate.domain.principal import Role
from magistrate.errors import MagistrateError, Refused
from magistrate.wire.canonical import canonical, digest
from magistrate.wire.document import open_envelope
from magistrate.wire.envelope import Envelope
from magistrate.wire.freeze import Thaw

_KIND: Final = "foreign-lease"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignLease:
    """A lease that no journal knows, the repository it opened, and when it was found (Unix seconds)."""

    lease: str
    repository: str
    since: int


def name_of(foreign: ForeignLease, deployment: str) -> str:
    """The digest by which a thaw names it; gate and executor come to the same."""
    return digest(canonical([_KIND, deployment, foreign.lease, foreign.repository]))


def verify_lifted(thaws: Iterable[Envelope], foreign: ForeignLease, roster: TrustedRoster) -> tuple[str, ...]:
    """Return who said that it is over, newer than the find.

    A thaw that is not believed does not count, and stops nothing.

    Raises:
        Refused: MAG-E127 until enough people signed one thaw of it.
    """
    for envelope in thaws:
        try:
            thaw = open_envelope(envelope, Thaw, deployment=roster.deployment).body
            signers, counted = roster.signers(envelope), lifting(envelope, roster)
        except MagistrateError:
            continue  # forged, or of somebody who is gone: it never counts
        about_it = thaw.freeze == name_of(foreign, roster.deployment) and thaw.epoch > foreign.since
        operates = any(Role.OPERATOR in person.roles for person in signers.values())
        if about_it and operates and len(counted) >= persons_needed(roster):
            return counted
    raise Refused(
        "MAG-E127",
        f"`{foreign.repository}` is closed: the lease `{foreign.lease}` worked there and no execution had asked for it",
        hint="find out who made it, then `magistrate thaw`",
    )
