"""The broker's own table of certificates: each serial once, each lease with its reason, nothing ever deleted.

SQLite (WAL, `synchronous = FULL`). Rule kept (invariant 7, R51): the row of a certificate is on the disk before it is
signed, and bears warrant, proposal, purpose and reason of its lease. A lease goes LIVE, REVOKING (none of its serials is
live any more), LISTED (sshd has a list that says so), DEAD (nothing it started runs); it never goes back.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from magistrate.errors import NotFound, Refused, Unavailable

VERSION: Final = 1
FIRST_PER_SECOND: Final = 1_000_000
"""A new table begins at the clock, so that one that was lost gives no serial out again."""
_SCHEMA: Final = """
create table if not exists leases(
  lease text primary key, warrant text not null check(warrant <> ''), proposal text not null check(proposal <> ''),
  purpose text not null check(purpose <> ''), reason text not null check(reason <> ''), repository text not null,
  executor text not null, state text not null default 'live');
create table if not exists certificates(
  serial integer primary key autoincrement, lease text not null references leases(lease), entry text not null,
  valid_after integer not null, valid_before integer not null, live integer not null default 1);
create unique index if not exists one_run on certificates(lease) where entry = 'run';
create table if not exists unminted(lease text primary key);
create table if not exists lists(version integer primary key autoincrement);
create trigger if not exists leases_keep before delete on leases begin select raise(abort, 'leases are kept'); end;
create trigger if not exists serials_keep before delete on certificates begin select raise(abort, 'serials are kept'); end;
create trigger if not exists serials_fixed before update of serial, lease, entry, valid_after, valid_before on certificates
  begin select raise(abort, 'a certificate never changes'); end;
create trigger if not exists dead_stays before update of live on certificates when old.live = 0 and new.live <> 0
  begin select raise(abort, 'a dead serial never lives again'); end;
create trigger if not exists state_rises before update of state on leases
  when instr('live revoking listed dead', new.state) < instr('live revoking listed dead', old.state)
  begin select raise(abort, 'a lease never goes back'); end;
"""


class Standing(StrEnum):
    """How dead a lease is."""

    LIVE = "live"
    REVOKING = "revoking"
    LISTED = "listed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """One lease: why it exists and how dead it is. `valid_after`, `valid_before` (Unix seconds) are of its own certificate."""

    lease: str
    warrant: str
    proposal: str
    purpose: str
    reason: str
    repository: str
    executor: str
    valid_after: int = 0
    valid_before: int = 0
    state: Standing = Standing.LIVE


_COLUMNS: Final = "lease, warrant, proposal, purpose, reason, repository, executor, valid_after, valid_before, state"
_FROM: Final = f"select {_COLUMNS} from leases join certificates using (lease) where entry = 'run'"  # noqa: S608  constants
_STANDING: Final = f"{_FROM} and state <> 'dead' order by serial"


class Serials:
    """The table. Methods raise Unavailable MAG-E384 when the file cannot be written."""

    def __init__(self, path: Path, now: int) -> None:
        self._path = path
        with self._opened() as rows:
            (version,) = rows.execute("pragma user_version").fetchone()
            if version > VERSION:
                raise Unavailable(
                    "MAG-E384", f"the table of certificates has the version `{version}`, newer than this program"
                )
            rows.executescript(f"begin immediate; {_SCHEMA} pragma user_version = {VERSION}; commit;")
            rows.execute(
                "insert into sqlite_sequence(name, seq) select 'certificates', ? where not exists"
                " (select 1 from sqlite_sequence where name = 'certificates')",
                (now * FIRST_PER_SECOND,),
            )

    def mint(self, minted: Minted, valid_after: int) -> int:
        """Write the row of a lease and of its one certificate; the serial.

        Raises:
            Refused: MAG-E422 when the lease was minted or revoked before, or another one is not confirmed dead.
        """
        with self._opened() as rows:
            other = rows.execute("select lease from leases where state <> 'dead'").fetchone()
            if other is not None:
                raise Refused("MAG-E422", f"the lease `{other[0]}` is not confirmed dead; there is one at a time")
            if rows.execute("select 1 from unminted where lease = ?", (minted.lease,)).fetchone() is not None:
                raise Refused("MAG-E422", f"the lease `{minted.lease}` was revoked before it was minted")
            try:
                rows.execute(
                    "insert into leases(lease, warrant, proposal, purpose, reason, repository, executor) values (?,?,?,?,?,?,?)",
                    (minted.lease, minted.warrant, minted.proposal, minted.purpose, minted.reason, minted.repository,
                     minted.executor),
                )  # fmt: skip
            except sqlite3.IntegrityError as error:
                raise Refused("MAG-E422", f"the lease `{minted.lease}` was used before, or names no reason") from error
            return _certificate(rows, minted.lease, "run", valid_after, minted.valid_before)

    def mint_end(self, lease: str, valid_after: int, valid_before: int) -> int:
        """The serial of a certificate that can do nothing but end this lease."""
        with self._opened() as rows:
            return _certificate(rows, lease, "end", valid_after, valid_before)

    def close(self, lease: str) -> bool:
        """None of its serials is live from here on; False, and remembered, when the lease was never minted."""
        with self._opened() as rows:
            rows.execute("update certificates set live = 0 where lease = ?", (lease,))
            rows.execute("update leases set state = 'revoking' where lease = ? and state = 'live'", (lease,))
            known = rows.execute("select 1 from leases where lease = ?", (lease,)).fetchone() is not None
            if not known:
                rows.execute("insert or ignore into unminted(lease) values (?)", (lease,))
            return known

    def close_all(self) -> None:
        """No serial is live from here on: the process that held the keys is gone."""
        with self._opened() as rows:
            rows.execute("update certificates set live = 0 where live = 1")
            rows.execute("update leases set state = 'revoking' where state = 'live'")

    def listed(self) -> None:
        """Everything that was closed is on the list that sshd has."""
        with self._opened() as rows:
            rows.execute("update leases set state = 'listed' where state = 'revoking'")

    def ended(self, lease: str) -> None:
        """Nothing that a listed lease started runs any more."""
        with self._opened() as rows:
            rows.execute("update leases set state = 'dead' where lease = ? and state = 'listed'", (lease,))

    def live(self, now: int) -> tuple[int, ...]:
        """Serials that may log in at this time."""
        with self._opened() as rows:
            found = rows.execute(
                "select serial from certificates where live = 1 and valid_after <= ? and valid_before > ? order by 1",
                (now, now),
            )
            return tuple(serial for (serial,) in found)

    def unminted(self) -> tuple[str, ...]:
        """Leases that were revoked without ever being minted."""
        with self._opened() as rows:
            return tuple(lease for (lease,) in rows.execute("select lease from unminted order by 1"))

    def next_list(self) -> int:
        """The number of the next list; it only rises."""
        with self._opened() as rows:
            return int(rows.execute("insert into lists default values returning version").fetchone()[0])

    def by_lease(self, lease: str) -> Minted:
        """One lease (raises NotFound MAG-E334)."""
        with self._opened() as rows:
            found = rows.execute(f"{_FROM} and lease = ?", (lease,)).fetchone()
        if found is None:
            raise NotFound("MAG-E334", f"no lease `{lease[:60]}`")
        return _minted(found)

    def standing(self) -> tuple[Minted, ...]:
        """Every lease that is not confirmed dead, oldest first."""
        with self._opened() as rows:
            return tuple(map(_minted, rows.execute(_STANDING).fetchall()))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """One writing transaction, on the disk when it is over; on any error nothing of it remains."""
        rows = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            rows.execute("pragma journal_mode=wal")
            rows.execute("pragma synchronous=full")
            rows.execute("pragma foreign_keys=on")
            rows.execute("begin immediate")
            yield rows
            if rows.in_transaction:
                rows.execute("commit")
        except sqlite3.OperationalError as error:
            raise Unavailable("MAG-E384", f"the table of certificates cannot be used: {error}") from error
        finally:
            rows.close()


def read_standing(path: Path) -> tuple[Minted, ...]:
    """The same as `Serials.standing` for whoever is not the broker: nothing is made or written; () where no table ever was.

    Raises:
        Unavailable: MAG-E384 when it cannot be read by this user or program.
    """
    try:
        with path.open("rb"):  # sqlite3 would make an unreadable file out of a missing right
            pass
        rows = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10)
        try:
            (version,) = rows.execute("pragma user_version").fetchone()
            if version != VERSION:
                raise Unavailable(
                    "MAG-E384", f"the table of certificates has the version `{version}`, this reads {VERSION}"
                )
            return tuple(map(_minted, rows.execute(_STANDING).fetchall()))
        finally:
            rows.close()
    except FileNotFoundError:
        return ()
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", "") or error
        raise Unavailable("MAG-E384", f"the table of certificates `{path}` cannot be read: {why}") from error


def _certificate(rows: sqlite3.Connection, lease: str, entry: str, after: int, before: int) -> int:
    given = "insert into certificates(lease, entry, valid_after, valid_before) values (?,?,?,?) returning serial"
    return int(rows.execute(given, (lease, entry, after, before)).fetchone()[0])


def _minted(found: tuple[Any, ...]) -> Minted:
    lease, warrant, proposal, purpose, reason, repository, executor, valid_after, valid_before, state = found
    return Minted(
        lease=lease, warrant=warrant, proposal=proposal, purpose=purpose, reason=reason, repository=repository,
        executor=executor, valid_after=valid_after, valid_before=valid_before, state=Standing(state),
    )  # fmt: skip
