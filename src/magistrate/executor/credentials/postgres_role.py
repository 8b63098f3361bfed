"""The broker of PostgreSQL: one login role for one lease in one database, gone right after.

Rule kept (R50, R52, R53): the password is made here, lives in this process's memory only, and the server is told its
SCRAM verifier and never the password; the role has the rights of one group and no other; it can log in until the lease
ends. Revocation matrix: stops new use at once (nologin), stops a running use at once (its sessions are ended), and needs
no secret in order to revoke.

The issuing root is a login that may make roles, hand on the group and end sessions. By itself it reads and writes no table
and is not the group (looked up before each mint). What it could do if it were stolen: mint itself a role with the group's
rights, which the reconciliation finds by its name or its membership; on PostgreSQL 15 and older also take on any role but a
superuser, since CREATEROLE has no bounds there.

Nobody but this executor stands between the warrant and the role: unlike the gate, a database verifies no approvals. One
password can log in again, one session at a time, until the role is gone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from magistrate.domain.execution import LeaseState
from magistrate.errors import NotFound, Refused, Unavailable
from magistrate.executor.credentials.postgres_group import BOUNDED_SINCE, verify_mintable
from magistrate.executor.credentials.postgres_names import minted_role, role_of
from magistrate.executor.credentials.postgres_place import PostgresPlace
from magistrate.executor.credentials.postgres_standing import StandingRole, Why, standing_roles
from magistrate.executor.identity import Identity
from magistrate.executor.ports import Clock, Credential, ProviderLease, Seen
from magistrate.executor.postgres_driver import driver, said
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.document import Document, verify_current
from magistrate.wire.envelope import Envelope
from magistrate.wire.lease import LEASE_SECONDS, Lease
from magistrate.wire.times import unix_seconds

if TYPE_CHECKING:
    from magistrate.executor.credentials.postgres_place import Link

POLL_SECONDS: Final = 0.002
END_SECONDS: Final = 3.0
POLITE_SECONDS: Final = 0.2
LOOKS_AFTER: Final = 5
REMEMBERED_SECONDS: Final = 15 * LEASE_SECONDS
_WAIT_FOR_TURN: Final = "select pg_advisory_xact_lock(hashtextextended('magistrate ' || %s, 0))"
_TAKE_TURN: Final = "select pg_try_advisory_lock(hashtextextended('magistrate ' || %s, 0))"
_END_TURN: Final = (
    "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and granted and objsubid = 1"
    " and database = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid()"
    " and (classid::bigint << 32 | objid::bigint) = hashtextextended('magistrate ' || %s, 0)"
)
_END: Final = "select count(*), count(pg_terminate_backend(pid)) from pg_stat_activity where usesysid = %s"


class PostgresRoles:
    """Mints and kills login roles in one database. A session of its own for each call.

    `executors` gives the key ids of the roster's executors: the lease of another of them is told as that one's.
    """

    def __init__(
        self, place: PostgresPlace, *, identity: Identity, clock: Clock, executors: Callable[[], Collection[str]]
    ) -> None:
        self._place = place
        self._identity = identity
        self._clock = clock
        self._executors = executors
        self._dead: dict[str, float] = {}

    def request(self, bundle: CaseBundle, lease: Envelope, withdrawals: tuple[Envelope, ...]) -> Credential:  # noqa: ARG002  admission looked at withdrawals, in this process
        """Make the role of a lease that this executor signed, in one transaction.

        Raises:
            Refused: MAG-E410 when the lease is not for this, MAG-E411 when group or server are not fit, MAG-E105 when it
                is over.
            Unavailable: MAG-E413; the role may exist then, and is ended like any other.
        """
        document = self._identity.open_own(lease, Lease)
        role, seconds = self._verified(document, bundle), self._remaining(document)
        password = secrets.token_urlsafe(32)
        with self._place.session() as link, link.transaction():
            link.execute(_WAIT_FOR_TURN, (role,))
            verify_mintable(link, self._place)
            self._create(link, role, password, seconds)
            self._explain(link, role, document)
        return Credential(
            lease=document.id, token=password, address=self._place.address(role), expires=str(document.expires)
        )

    def revoke(self, lease: str) -> ProviderLease:
        """End the role: no new login, every session ended, dropped; a mint under way ends first. Idempotent.

        What its holder made in the role's own name belongs to the group afterwards.

        Raises:
            NotFound: MAG-E334 when it can be no role of a lease.
            Refused, Unavailable: MAG-E410, MAG-E413; it may be alive, and is to be ended again.
        """
        role = role_of(lease)
        self._remember(lease)
        with self._place.session() as link:
            found = self._found(link, role)
            if found is not None:
                self._close(link, found)  # before the lock: whoever holds a session could hold that too
            self._take_turn(link, role)
            found = self._found(link, role)  # a mint that was under way has ended, one way or the other
            if found is None:
                return self._view(lease, state="no such role", usable=False)
            self._close(link, found)
            state = self._drop(link, found)
            self._end_late_logins(link, found)
        return self._view(lease, state=state, usable=False)

    def state(self, lease: str) -> ProviderLease:
        """What the server says of a lease (raises NotFound MAG-E334 when it has no such role)."""
        role = role_of(lease)
        with self._place.session() as link:
            found = self._found(link, role)
        if found is None:
            raise NotFound("MAG-E334", f"the server has no role of the lease `{lease[:80]}`")
        return self._seen(found)

    def leases(self) -> tuple[ProviderLease, ...]:
        """Every role of a lease that is there, by name, and every other under the prefix that is in the group.

        A role past its end counts as usable while it can log in: the end binds passwords, not other ways to log in.
        """
        with self._place.session() as link:
            return tuple(map(self._seen, standing_roles(link, self._place.group)))

    def disown(self, lease: str) -> ProviderLease:
        """End a role that no journal knows; the journal of this executor keeps the system closed. Idempotent."""
        return self.revoke(lease)

    def probe(self, credential: Credential) -> Seen:
        """Try to log in, on a connection of its own; held when that fails and the catalog knows no usable role.

        A login fails for other reasons too (a session that holds the one connection), so that alone proves nothing.

        Raises:
            Unavailable: MAG-E413 when the server does not say.
        """
        pg = driver()
        try:
            with pg.connect(self._place.address(role_of(credential.lease)), password=credential.token):
                return Seen(held=False, seen="login ACCEPTED")
        except pg.Error as error:
            answer = said(error, credential.token)
        try:
            state = self.state(credential.lease)
        except NotFound:
            return Seen(held=True, seen=f"login refused, the role is gone: {answer}")
        return Seen(held=not state.usable, seen=f"login failed, the role is there ({state.state}): {answer}")

    # a role comes

    def _verified(self, document: Document[Lease], bundle: CaseBundle) -> str:
        body, role = document.body, minted_role(document.id)
        if body.repository != self._place.system:
            raise Refused("MAG-E410", f"the lease is for `{body.repository}`, this is `{self._place.system}`")
        if bundle.warrant is None or bundle.warrant.payload_digest() != body.warrant:
            raise Refused("MAG-E410", "the lease is of another warrant than the case")
        if body.state is not LeaseState.REQUESTED or document.id in self._dead:
            raise Refused("MAG-E410", f"the lease `{document.id}` is over; nothing is minted for it again")
        return role

    def _remaining(self, document: Document[Lease]) -> int:
        now = self._clock.now()
        verify_current(document, now)
        seconds = LEASE_SECONDS + 1 if document.expires is None else unix_seconds(document.expires) - now
        if not 0 < seconds <= LEASE_SECONDS:
            raise Refused("MAG-E410", f"the lease `{document.id}` is longer than {LEASE_SECONDS} s")
        return seconds

    def _create(self, link: Link, role: str, password: str, seconds: int) -> None:
        from psycopg import sql  # noqa: PLC0415  optional: needed only here

        name, group = sql.Identifier(role), self._place.group
        verifier = link.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        (until,) = _one(link, "select (now() + make_interval(secs => %s))::text", seconds)  # by the server's clock
        making = sql.SQL(
            "create role {} login password {} valid until {} connection limit 1 nosuperuser nocreatedb nocreaterole"
            " noreplication nobypassrls noinherit in role {}"
        )
        link.execute(making.format(name, sql.Literal(verifier), sql.Literal(until), sql.Identifier(group)))
        statement, idle = f"{self._place.statement_seconds}s", f"{self._place.idle_seconds}s"
        for setting, value in (
            ("role", group), ("statement_timeout", statement), ("idle_session_timeout", idle),
            ("idle_in_transaction_session_timeout", idle),
        ):  # fmt: skip
            link.execute(sql.SQL("alter role {} set {} = {}").format(name, sql.Identifier(setting), sql.Literal(value)))

    def _explain(self, link: Link, role: str, document: Document[Lease]) -> None:
        from psycopg import sql  # noqa: PLC0415  optional: needed only here

        body = document.body
        why = Why(
            executor=self._identity.keyid, warrant=body.warrant, proposal=body.proposal, reason=body.reason,
            purpose=str(body.purpose), issued=document.issued,
        )  # fmt: skip
        text = sql.Literal(why.comment())
        link.execute(sql.SQL("comment on role {} is {}").format(sql.Identifier(role), text))

    # a role goes

    def _close(self, link: Link, found: StandingRole) -> None:
        """Forbid new logins, whatever a session of the role holds locked meanwhile; then end its sessions."""
        from psycopg import errors, sql  # noqa: PLC0415  optional: needed only here

        forbid = sql.SQL("alter role {} nologin connection limit 0").format(sql.Identifier(found.name))
        deadline = self._clock.monotonic() + END_SECONDS
        link.execute("set lock_timeout = '100ms'")
        while True:
            try:
                link.execute(forbid)
            except (errors.LockNotAvailable, errors.InternalError_):  # a session of the role holds its row
                if self._clock.monotonic() > deadline:
                    raise
                link.execute(_END, (found.oid,))
                self._clock.sleep(POLL_SECONDS)
            else:
                break
        link.execute("reset lock_timeout")
        self._end_sessions(link, found)

    def _end_sessions(self, link: Link, found: StandingRole) -> None:
        deadline = self._clock.monotonic() + END_SECONDS
        while _one(link, _END, found.oid)[0]:
            if self._clock.monotonic() > deadline:
                raise Unavailable("MAG-E413", f"a session of `{found.name}` does not end")
            self._clock.sleep(POLL_SECONDS)

    def _take_turn(self, link: Link, role: str) -> None:
        """Wait for a mint of this lease that is under way, and end it where it does not end by itself."""
        began = self._clock.monotonic()
        while not _one(link, _TAKE_TURN, role)[0]:
            waited = self._clock.monotonic() - began
            if waited > END_SECONDS:
                raise Unavailable("MAG-E413", f"something holds the turn of `{role}` and does not end")
            if waited > POLITE_SECONDS:
                link.execute(_END_TURN, (role,))
            self._clock.sleep(POLL_SECONDS)

    def _drop(self, link: Link, found: StandingRole) -> str:
        """Drop it, and give the group what it made; say so where what others granted it keeps its name there."""
        from psycopg import errors, sql  # noqa: PLC0415  optional: needed only here

        role, group = sql.Identifier(found.name), sql.Identifier(self._place.group)
        drop = sql.SQL("drop role {}").format(role)
        try:
            link.execute(drop)
        except errors.DependentObjectsStillExist:
            self._hand_over(link, role, group)
        else:
            return "dropped"
        try:
            link.execute(drop)
        except errors.DependentObjectsStillExist:
            link.execute(sql.SQL("revoke {} from {}").format(group, role))
            link.execute(sql.SQL("alter role {} password null valid until '-infinity'").format(role))
            return "no login, no session, no group; its name stays while others grant it something"
        return "dropped"

    def _hand_over(self, link: Link, role: Any, group: Any) -> None:  # noqa: ANN401  names of psycopg's
        """What the role made belongs to the group; what the issuing role takes for it, it gives back in the same transaction."""
        from psycopg import sql  # noqa: PLC0415  optional: needed only here

        issuer, bounded = sql.Identifier(self._place.issuer), link.info.server_version >= BOUNDED_SINCE
        entry = sql.SQL(" with inherit true, set true" if bounded else "")
        own = sql.SQL(" granted by {}").format(issuer) if bounded else sql.SQL("")
        with link.transaction():
            link.execute(sql.SQL("grant {}, {} to {}").format(role, group, issuer) + entry)
            link.execute(sql.SQL("reassign owned by {} to {}").format(role, group))
            link.execute(sql.SQL("drop owned by {}").format(role))
            link.execute(sql.SQL("revoke {}, {} from {}").format(role, group, issuer) + own)

    def _end_late_logins(self, link: Link, found: StandingRole) -> None:
        """A login that was let in just before it was forbidden shows up only now, under the number of the role."""
        for _ in range(LOOKS_AFTER):
            self._end_sessions(link, found)
            self._clock.sleep(POLL_SECONDS)

    # what is there

    def _found(self, link: Link, role: str) -> StandingRole | None:
        return next((found for found in standing_roles(link, self._place.group) if found.name == role), None)

    def _seen(self, found: StandingRole) -> ProviderLease:
        executor = found.why.executor if found.why is not None else ""
        return self._view(found.lease, state=found.state, usable=found.usable, executor=executor)

    def _view(self, lease: str, *, state: str, usable: bool, executor: str = "") -> ProviderLease:
        return ProviderLease(
            lease=lease, state=state, usable=usable, ref_state="", repository=self._place.system, executor=executor,
            executor_listed=executor in self._executors(),
        )  # fmt: skip

    def _remember(self, lease: str) -> None:
        now = self._clock.monotonic()
        self._dead = {one: at for one, at in self._dead.items() if now - at < REMEMBERED_SECONDS} | {lease: now}


def _one(link: Link, query: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401  values of a query
    found = link.execute(query.encode(), values).fetchone()
    if found is None:
        raise Unavailable("MAG-E413", "PostgreSQL answered nothing where it has to answer")
    return found
