"""Grants: the gate's own record of every credential, one use each.

Rule kept (invariant 7): a row exists before a token does; only the SHA-256 of a token is
stored; a token is claimed in one SQL statement; revoking is one row and works at once. A clock that
was set back gives no token a longer life: before it was issued it is as dead as after its end. Which
effect happened is decided by the state of the ref, never by an exit code.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from magistrate.domain.tags import TAGS
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.gate.database import immediate, opened

HOLD_SECONDS: Final = 900
_NO_CURSOR: Final = 2**63 - 1
VERSION: Final = 1
"""Of the database, in its `user_version`."""
_SCHEMA: Final = """
create table if not exists grants(
  lease text primary key, warrant text not null, purpose text not null, executor text not null,
  repository text not null, ref text not null, old text not null, new text not null,
  tree text not null, base_tree text not null, reason text not null,
  token_hash text not null unique, state text not null, issued integer not null,
  expires integer not null, ended integer);
create index if not exists grants_by_warrant on grants(warrant);
create table if not exists holds(
  repository text not null, ref text not null, warrant text not null, until integer not null,
  primary key(repository, ref));
create table if not exists tombstones(lease text primary key);
create table if not exists holders(lease text primary key, uid integer not null);
create table if not exists requests(id text primary key, expires integer not null);
create trigger if not exists grants_keep before delete on grants
  begin select raise(abort, 'grants are kept'); end;
create trigger if not exists grants_fixed before update of
  warrant, purpose, repository, ref, old, new, tree, base_tree, token_hash, expires on grants
  begin select raise(abort, 'a grant never changes what it allows'); end;
create trigger if not exists holders_fixed before update on holders
  begin select raise(abort, 'a credential never changes hands'); end;
"""


class GrantState(StrEnum):
    """ISSUED can be used once; USED had its push; REVOKED and EXPIRED are dead."""

    ISSUED = "issued"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Permission for exactly `old -> new` on one ref of one repository.

    `base_tree` is where the way back leads; a new tag has none, and there it is the commit that the tag names.
    """

    lease: str
    warrant: str
    purpose: str
    executor: str
    repository: str
    ref: str
    old: str
    new: str
    tree: str
    base_tree: str
    reason: str
    state: GrantState
    issued: int
    expires: int

    @property
    def names(self) -> str:
        """The commit that a new tag must name; empty for what moves a branch."""
        return self.base_tree if self.ref.startswith(TAGS) else ""

    def state_at(self, now: int) -> GrantState:
        """The state by the clock: ISSUED only from its issue until its end."""
        if self.state is GrantState.ISSUED and not self.issued <= now < self.expires:
            return GrantState.EXPIRED
        return self.state


_COLUMNS: Final = (
    "lease, warrant, purpose, executor, repository, ref, old, new, tree, base_tree, reason, state, issued, expires"
)


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Grants:
    """The table of grants in the gate's own SQLite file (WAL, FULL).

    Raises:
        Unavailable: MAG-E345 when the file was written by a newer program.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(self._path) as db:
            (version,) = db.execute("pragma user_version").fetchone()
            if version > VERSION:
                raise Unavailable(
                    "MAG-E345",
                    f"the gate's database has the version `{version}`, this program knows up to `{VERSION}`",
                    hint="install the newer magistrate that wrote it; nothing was changed",
                )
            db.executescript(f"begin immediate; {_SCHEMA} pragma user_version = {VERSION}; commit;")

    def issue(self, grant: Grant, token: str, now: int, holder: int | None = None) -> None:
        """Write the row of a new grant, and hold the ref for its warrant; `holder` is the user it is given to.

        Raises:
            Refused: MAG-E332 when the lease id was used before, the warrant had its push for this
                purpose already, or another warrant holds the ref.
        """
        with opened(self._path) as db, immediate(db):
            db.execute("update grants set state='expired', ended=? where state='issued' and expires<=?", (now, now))
            spent = db.execute(
                "select lease from grants where warrant=? and purpose=? and (state='issued' or (state='used' and purpose<>'drill'))",
                (grant.warrant, grant.purpose),
            ).fetchone()
            if spent is not None:
                raise Refused("MAG-E332", f"the warrant has its {grant.purpose} credential already (`{spent[0]}`)")
            if db.execute("select 1 from tombstones where lease=?", (grant.lease,)).fetchone() is not None:
                raise Refused("MAG-E332", f"the lease `{grant.lease}` was revoked before it was minted")
            held = db.execute(
                "select warrant from holds where repository=? and ref=? and until>?", (grant.repository, grant.ref, now)
            ).fetchone()
            if held is not None and held[0] != grant.warrant:
                raise Refused("MAG-E332", f"`{grant.ref}` of `{grant.repository}` is held by another warrant")
            try:
                db.execute(
                    f"insert into grants({_COLUMNS}, token_hash) values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    (grant.lease, grant.warrant, grant.purpose, grant.executor, grant.repository, grant.ref,
                     grant.old, grant.new, grant.tree, grant.base_tree, grant.reason, grant.state.value,
                     grant.issued, grant.expires, token_hash(token)),
                )  # fmt: skip
            except sqlite3.IntegrityError as error:
                raise Refused("MAG-E332", f"the lease `{grant.lease}` was used before") from error
            db.execute(
                "insert into holds(repository, ref, warrant, until) values(?,?,?,?)"
                " on conflict(repository, ref) do update set warrant=excluded.warrant, until=excluded.until",
                (grant.repository, grant.ref, grant.warrant, now + HOLD_SECONDS),
            )
            if holder is not None:
                db.execute("insert into holders(lease, uid) values(?,?)", (grant.lease, holder))

    def verify_holder(self, lease: str, holder: int | None) -> None:
        """Check that the user who comes with a credential is the one it was given to.

        Raises:
            Refused: MAG-E346 for anybody else.
        """
        with opened(self._path) as db:
            row = db.execute("select uid from holders where lease=?", (lease,)).fetchone()
        if row is not None and row[0] != holder:
            raise Refused("MAG-E346", f"the credential of `{lease}` was given to another user's process")

    def by_token(self, token: str, now: int) -> Grant:
        """The live grant of a token.

        Raises:
            Refused: MAG-E333 when the token is unknown, used, revoked or expired.
        """
        with opened(self._path) as db:
            row = db.execute(
                f"select {_COLUMNS} from grants where token_hash=?",  # noqa: S608  constant
                (token_hash(token),),
            ).fetchone()
        if row is None:
            raise Refused("MAG-E333", "the credential is not known here")
        grant = _grant(row)
        state = grant.state_at(now)
        if state is not GrantState.ISSUED:
            raise Refused("MAG-E333", f"the credential of `{grant.lease}` is {state}")
        return grant

    def claim(self, token: str, now: int) -> Grant:
        """Use a token: exactly one caller ever gets past this line.

        Raises:
            Refused: MAG-E333 when it was used, revoked or expired meanwhile.
        """
        grant = self.by_token(token, now)
        with opened(self._path) as db, immediate(db):
            changed = db.execute(
                "update grants set state='used', ended=? where token_hash=? and state='issued' and issued<=? and expires>?",
                (now, token_hash(token), now, now),
            ).rowcount
        if changed != 1:
            raise Refused("MAG-E333", f"the credential of `{grant.lease}` was used or revoked meanwhile")
        return grant

    def revoke(self, lease: str, now: int) -> Grant:
        """Kill the credential of a lease; idempotent. One that was used is dead already.

        A lease that is not known is remembered as dead, so that a request for it that is still
        under way, from an executor that was killed meanwhile, mints nothing.
        """
        with opened(self._path) as db, immediate(db):
            if db.execute("select 1 from grants where lease=?", (lease,)).fetchone() is None:
                db.execute("insert or ignore into tombstones(lease) values(?)", (lease[:100],))
            db.execute(
                "update grants set state='revoked', ended=? where lease=? and state in ('issued','expired')",
                (now, lease),
            )
        return self.by_lease(lease)

    def by_lease(self, lease: str) -> Grant:
        """The grant of a lease (raises NotFound MAG-E334)."""
        with opened(self._path) as db:
            row = db.execute(f"select {_COLUMNS} from grants where lease=?", (lease,)).fetchone()  # noqa: S608  constant
        if row is None:
            raise NotFound("MAG-E334", f"no lease `{lease[:60]}`")
        return _grant(row)

    def of_warrant(self, warrant: str, purpose: str) -> tuple[Grant, ...]:
        """All grants of one warrant for one purpose, oldest first."""
        with opened(self._path) as db:
            rows = db.execute(
                f"select {_COLUMNS} from grants where warrant=? and purpose=? order by issued, rowid",  # noqa: S608  constant
                (warrant, purpose),
            ).fetchall()
        return tuple(map(_grant, rows))

    def page(self, *, limit: int, after: int = 0, live_at: int | None = None) -> tuple[tuple[Grant, ...], int]:
        """The newest grants beyond the cursor `after` (0: from the newest), and the next cursor (0: no more).

        With `live_at` (Unix seconds) only those that could be used then, however many others there are.
        """
        usable = " and state='issued' and expires>?" if live_at is not None else ""
        given = (after or _NO_CURSOR, *(() if live_at is None else (live_at,)), limit + 1)
        with opened(self._path) as db:
            rows = db.execute(
                f"select {_COLUMNS}, rowid from grants where rowid<?{usable} order by rowid desc limit ?",  # noqa: S608  constants
                given,
            ).fetchall()
        more = len(rows) > limit
        return tuple(_grant(row[:-1]) for row in rows[:limit]), int(rows[limit - 1][-1]) if more else 0

    def holder_of(self, repository: str, ref: str) -> str:
        """The warrant that a ref was last held for and that was not released since, though its time be up; else empty."""
        with opened(self._path) as db:
            row = db.execute("select warrant from holds where repository=? and ref=?", (repository, ref)).fetchone()
        return "" if row is None else str(row[0])

    def release_hold(self, warrant: str) -> None:
        """Let other warrants have the refs that this one held."""
        with opened(self._path) as db, immediate(db):
            db.execute("delete from holds where warrant=?", (warrant,))

    def take_request(self, request_id: str, now: int, expires: int) -> None:
        """Remember a signed request until it expires.

        Raises:
            Refused: MAG-E335 when it was seen before.
        """
        with opened(self._path) as db, immediate(db):
            db.execute("delete from requests where expires<=?", (now,))
            try:
                db.execute("insert into requests(id, expires) values(?,?)", (request_id, expires))
            except sqlite3.IntegrityError as error:
                raise Refused("MAG-E335", "this signed request was used before") from error


def _grant(row: tuple[object, ...]) -> Grant:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["state"] = GrantState(str(values["state"]))
    return Grant(**values)  # type: ignore[arg-type]  # the columns have these types
