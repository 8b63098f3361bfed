"""Entitlements of one PostgreSQL database: what they are, and one change from exactly one set to exactly another.

Rule kept (R5, R50): a change begins only where the server gives away what was approved as the state before, and is kept only
where the server gives away what was approved as the state after; both looks and all that lies between are one transaction.

Who changes is the role of a lease, which works as the group (`postgres_role`). The group needs each right that it is to give
or take WITH GRANT OPTION, and stands in the lists as the one who gave it. What somebody else gave it cannot take back: the
look afterwards finds that, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from magistrate.domain.entitlements import Entitlement, entitlements_of, text_of
from magistrate.errors import Refused
from magistrate.executor.credentials.postgres_catalog import given, no, said_as, shown
from magistrate.executor.credentials.postgres_grants import Difference, Step
from magistrate.executor.credentials.postgres_names import role_of
from magistrate.executor.credentials.postgres_place import PostgresPlace
from magistrate.executor.credentials.postgres_role import PostgresRoles
from magistrate.executor.ports import Credential
from magistrate.executor.postgres_driver import driver, said

if TYPE_CHECKING:
    from magistrate.executor.credentials.postgres_place import Link

Given = Mapping[Entitlement, Collection[str]]
"""Entitlements, each with the roles that gave it."""
_EACH_LOOK_ANEW: Final = "set transaction isolation level read committed, read write"
"""Whatever the database has by default: what others did while one waited for the turn, and since, is seen."""
_TAKE_TURN: Final = "select pg_advisory_xact_lock(hashtextextended('magistrate entitlements', 0))"
_LATER: Final = ("08", "40", "53", "55", "57", "58", "XX")
"""Classes of errors that say nothing of the change itself: lost, locked, overloaded, stopped."""
_SHOWN: Final = 3


class PostgresEntitlements:
    """The entitlements of some schemas of one database. `mint` makes the role that changes them, a new one for each lease."""

    def __init__(self, place: PostgresPlace, schemas: tuple[str, ...], roles: PostgresRoles) -> None:
        self._place = place
        self._schemas = schemas
        self.mint = roles

    def read(self) -> frozenset[Entitlement]:
        """What the database gives away at one moment, looked up by the issuing role in the catalogs alone.

        Raises:
            Refused: MAG-E403 when no document can say it, MAG-E410 as any session of the issuing role.
            Unavailable: MAG-E413, MAG-E414.
        """
        return frozenset(read_entitlements(self._place, self._schemas))

    def change(self, credential: Credential, before: frozenset[Entitlement], after: frozenset[Entitlement]) -> None:
        """Bring the database from `before` to `after`, as the role of the credential; nothing to do where it is there.

        Idempotent: whoever does not know how a call ended makes it again.

        Raises:
            Refused: MAG-E403 when the database gives away something else than `before`, a name of the change is none of
                the server's, the server forbids a step, or `after` is not reached; nothing is changed then.
            Unavailable: MAG-E413 when the server is lost, locked or silent; all of it is changed then, or nothing.
        """
        role = role_of(credential.lease)
        with self._place.lent(role, credential.token) as link, link.transaction():
            link.execute(_EACH_LOOK_ANEW)
            link.execute(_TAKE_TURN)
            now = self._given(link)
            if now.keys() == after:
                return
            if now.keys() != before:
                raise no(f"the system is not as it was when this was approved: {_apart(before, now)}")
            way = Difference(link, self._place, self._schemas, before=before, after=after)
            self._take(link, way.taken(now), credential)
            self._take(link, way.given(self._given(link)), credential)  # with a table, rights on its columns went too
            reached = self._given(link)
            if reached.keys() != after:
                raise no(f"the change would not lead to what was approved, and was not made: {_apart(after, reached)}")

    def _given(self, link: Link) -> Given:
        return given(link, self._schemas, self._place.group)

    def _take(self, link: Link, steps: Iterable[Step], credential: Credential) -> None:
        for step in steps:
            try:
                link.execute(step.statement)
            except driver().Error as error:
                if (getattr(error, "sqlstate", None) or "08")[:2] in _LATER:
                    raise
                raise no(f"the server forbids a step ({said(error, credential.token)}): {step.words}") from error


def read_entitlements(place: PostgresPlace, schemas: tuple[str, ...]) -> Given:
    """What a database gives away at one moment, and who gave it; raises as `PostgresEntitlements.read`."""
    with place.session() as link, link.transaction():
        link.execute("set transaction isolation level repeatable read, read only")
        found = given(link, schemas, place.group)
    _verify_sayable(frozenset(found))
    return found


def _verify_sayable(found: frozenset[Entitlement]) -> None:
    """Check that a document says exactly this (raises Refused MAG-E403): names can hold what no document may."""
    if _sayable(found):
        return
    for one in sorted(found):
        if not _sayable(frozenset({one})):
            raise no(f"no document can say this, for a name in it: {said_as(one)}")
    raise no("no document can say all of it: there is too much")


def _sayable(some: frozenset[Entitlement]) -> bool:
    try:
        return entitlements_of(text_of(some)) == some
    except Refused:
        return False


def _apart(wanted: Collection[Entitlement], there: Given) -> str:
    """The first few differences in words."""
    words = [
        f"there is {said_as(one)} (given by {', '.join(f'`{shown(who)}`' for who in sorted(there[one])[:_SHOWN])})"
        for one in sorted(there.keys() - frozenset(wanted))
    ] + [f"there is no {said_as(one)}" for one in sorted(frozenset(wanted) - there.keys())]
    more = f"; and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return "; ".join(words[:_SHOWN]) + more
