"""Stopping at the gate: what is asked before a grant, before each use of its credential, and when a stop comes.

Rule kept (R59, R53): a freeze, a withdrawal or a window of the policy that begins after the mint ends the credential: it
is refused where it is used, and revoked. The inverse of an effect and a drill on scratch are not stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from magistrate.authority.promotion import verify_promotions_stand
from magistrate.authority.quorum import verify_none_withdrawn
from magistrate.authority.roster import TrustedRoster
from magistrate.authority.stops import Reach, Stops, joined, verify_not_frozen
from magistrate.authority.windows import verify_no_window
from magistrate.domain.execution import LeasePurpose
from magistrate.errors import MagistrateError, Refused
from magistrate.gate.database import opened
from magistrate.gate.grants import Grant, Grants
from magistrate.gate.stops import ToldStops
from magistrate.wire.envelope import Envelope
from magistrate.wire.policy_bundle import FreezeWindow

_MANY: Final = 10_000
_SCHEMA: Final = """
create table if not exists reaches(warrant text primary key not null, reach blob not null);
create trigger if not exists reaches_keep before delete on reaches
  begin select raise(abort, 'reaches are kept'); end;
create trigger if not exists reaches_fixed before update on reaches
  begin select raise(abort, 'a reach never changes'); end;
"""


class Bound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can stop the effect of one warrant: what a freeze must cover, and the approvals (digest, person) under it.

    `windows` are those of the policy that it was admitted by, `promotions` what stood in for approvals.
    """

    reach: Reach
    approvals: frozenset[tuple[str, str]]
    windows: tuple[FreezeWindow, ...]
    promotions: frozenset[str] = frozenset()


class Stopping:
    """The stops of the drop and those told to the gate, put to its grants."""

    def __init__(self, path: Path, *, grants: Grants, told: ToldStops, drop: Callable[[], Stops]) -> None:
        self._path = path
        self._grants = grants
        self._told = told
        self._drop = drop
        with opened(self._path) as db:
            db.executescript(f"begin immediate; {_SCHEMA} commit;")

    def stops(self, roster: TrustedRoster, withdrawals: tuple[Envelope, ...] = ()) -> Stops:
        """All that the gate knows; `withdrawals` are those that came with a request."""
        found = joined(self._drop(), self._told.standing(roster))
        return replace(found, withdrawals=(*found.withdrawals, *withdrawals))

    def told(self, roster: TrustedRoster) -> Stops:
        """What people told the gate itself."""
        return self._told.standing(roster)

    def take(self, envelope: Envelope, roster: TrustedRoster, now: int) -> tuple[str, tuple[str, ...]]:
        """Keep a stop or thaw, then end what it covers; its digest, and the leases that ended (raises Refused, Usage)."""
        name = self._told.take(envelope, roster, now)
        return name, self.end_stopped(roster, now)

    def bind(self, warrant: str, bound: Bound) -> None:
        """Write down what can stop the grants of a warrant, before the first; the first word stands."""
        with opened(self._path) as db:
            db.execute(
                "insert or ignore into reaches(warrant, reach) values(?,?)", (warrant, msgspec.json.encode(bound))
            )

    def verify_runs(self, grant: Grant, roster: TrustedRoster, now: int) -> None:
        """Check that nobody said stop since the mint; where somebody did, the credential is dead from here on.

        Raises:
            Refused: MAG-E388 when frozen, MAG-E122 when an approval was withdrawn, MAG-E129 when a promotion was; as `verify_not_frozen`.
        """
        if grant.purpose != LeasePurpose.EFFECT:
            return
        try:
            self._verify(grant, roster, self.stops(roster), now)
        except MagistrateError:
            self._grants.revoke(grant.lease, now)
            raise

    def end_stopped(self, roster: TrustedRoster, now: int) -> tuple[str, ...]:
        """Revoke every live credential that a stop covers; the leases that ended."""
        ended = []
        for grant in self._grants.page(limit=_MANY, live_at=now)[0]:
            try:
                self.verify_runs(grant, roster, now)
            except MagistrateError:
                ended.append(grant.lease)
        return tuple(ended)

    def _verify(self, grant: Grant, roster: TrustedRoster, stops: Stops, now: int) -> None:
        bound = self._bound(grant.warrant)
        if bound is None:
            if stops != Stops():
                raise Refused("MAG-E388", f"what could stop `{grant.lease}` is not known, so any stop does")
            return
        verify_not_frozen(stops, roster, bound.reach)
        verify_no_window(bound.windows, bound.reach, now)
        verify_none_withdrawn(bound.approvals, stops.withdrawals, roster)
        verify_promotions_stand(bound.promotions, stops.withdrawals, roster)

    def _bound(self, warrant: str) -> Bound | None:
        with opened(self._path) as db:
            row = db.execute("select reach from reaches where warrant=?", (warrant,)).fetchone()
        return None if row is None else msgspec.json.decode(bytes(row[0]), type=Bound)
