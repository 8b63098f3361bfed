"""Foreign leases as the gate keeps them: each closes its repository until people open it again.

Rule kept (invariant 7): what an executor does not know as its own is dead at once, and nothing new
is granted there; the repository is the one that the grant itself names, whoever tells. What is
written here outlasts a kill, and nothing of it is ever deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from magistrate.authority.foreign_lease import ForeignLease, verify_lifted
from magistrate.authority.roster import TrustedRoster
from magistrate.errors import Refused
from magistrate.gate.database import opened
from magistrate.gate.grants import Grant, Grants
from magistrate.wire.envelope import Envelope

_SCHEMA: Final = """
create table if not exists foreign_leases(
  lease text primary key references grants(lease), repository text not null, since integer not null, ended text);
create trigger if not exists foreign_leases_keep before delete on foreign_leases
  begin select raise(abort, 'foreign leases are kept'); end;
create trigger if not exists foreign_leases_fixed before update of lease, repository on foreign_leases
  begin select raise(abort, 'a foreign lease never changes what it closes'); end;
"""


class ForeignLeases:
    """The table of foreign leases in the gate's own SQLite file, beside the grants."""

    def __init__(self, path: Path, grants: Grants) -> None:
        self._path = path
        self._grants = grants
        with opened(self._path) as db:
            db.executescript(f"begin immediate; {_SCHEMA} commit;")

    def told(self, lease: str, now: int) -> Grant:
        """Close the repository of a lease, then kill the credential; idempotent, in this order after any kill.

        Raises:
            NotFound: MAG-E334 when there is no such lease.
        """
        grant = self._grants.by_lease(lease)
        with opened(self._path) as db:
            db.execute(
                "insert into foreign_leases(lease, repository, since) values(?,?,?) on conflict(lease) do update"
                " set since=excluded.since, ended=null where ended is not null",
                (lease, grant.repository, now),
            )
        return self._grants.revoke(lease, now)

    def standing(self, roster: TrustedRoster, thaws: Sequence[Envelope]) -> tuple[ForeignLease, ...]:
        """Foreign leases that nobody has thawed, oldest first; what people lifted is written down here."""
        with opened(self._path) as db:
            rows = db.execute(
                "select lease, repository, since from foreign_leases where ended is null order by since, rowid"
            ).fetchall()
        left = []
        for lease, repository, since in rows:
            foreign = ForeignLease(lease=lease, repository=repository, since=since)
            try:
                given = verify_lifted(thaws, foreign, roster)
            except Refused:
                left.append(foreign)
                continue
            with opened(self._path) as db:
                how = "thawed by " + ", ".join(given)
                db.execute("update foreign_leases set ended=? where lease=? and ended is null", (how[:500], lease))
        return tuple(left)

    def verify_open(self, repository: str, roster: TrustedRoster, thaws: Sequence[Envelope]) -> None:
        """Check that no foreign lease closes the repository (raises Refused MAG-E127)."""
        for foreign in self.standing(roster, thaws):
            if foreign.repository == repository:
                verify_lifted(thaws, foreign, roster)
