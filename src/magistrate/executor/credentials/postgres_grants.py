"""One difference between two sets of entitlements as statements of PostgreSQL: REVOKE what goes, GRANT what comes.

Rule kept (R5): every object, column and role of the difference is known to the catalog before the first statement, and is
named in it as the catalog names it; a right is one of a fixed set. Nothing is given to the group of the leases, to the role
that issues them or to one of a lease. Nothing cascades.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

from magistrate.domain.entitlements import COLUMN_RIGHTS, PUBLIC, RIGHTS, Entitlement, ObjectKind
from magistrate.executor.credentials.postgres_catalog import Name, Thing, columns, no, roles, said_as, shown, things
from magistrate.executor.credentials.postgres_names import minted
from magistrate.executor.credentials.postgres_place import PostgresPlace

if TYPE_CHECKING:
    from psycopg.sql import Composable, Composed

    from magistrate.executor.credentials.postgres_place import Link

KNOWS_MAINTAIN: Final = 170000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One statement, and the entitlement that it is about, or the first of them, in words."""

    words: str
    statement: Composed


class Difference:
    """What lies between two sets of entitlements, resolved by the catalog of one transaction."""

    def __init__(
        self, link: Link, place: PostgresPlace, schemas: tuple[str, ...],
        *, before: Collection[Entitlement], after: Collection[Entitlement],
    ) -> None:  # fmt: skip
        """Raises Refused MAG-E403 for a name that the server does not know, and for what is never given."""
        self._things = things(link, schemas)
        self._after = frozenset(after)
        changed = frozenset(before) ^ self._after
        for one in changed:
            if self._key(one) not in self._things:
                raise no(f"the system has no such object in its schemas: {said_as(one)}")
        known = columns(link, [self._thing(one).oid for one in changed if one.column])
        holders, version = roles(link), link.info.server_version
        for one in sorted(changed):
            if one.column and (self._thing(one).oid, one.column) not in known:
                raise no(f"the table has no such column: {said_as(one)}")
            if one.holder != PUBLIC and one.holder not in holders:
                raise no(f"the system has no role `{shown(one.holder)}`: {said_as(one)}")
            if one.right not in (COLUMN_RIGHTS if one.column else RIGHTS[one.kind]):
                raise no(f"`{shown(one.right)}` is no right on that: {said_as(one)}")
            if one.right == "MAINTAIN" and version < KNOWS_MAINTAIN:
                raise no(f"PostgreSQL {version // 10000} knows no right MAINTAIN: {said_as(one)}")
        for one in sorted(changed & self._after):
            self._verify_given(one, place)

    def taken(self, now: Collection[Entitlement]) -> Iterator[Step]:
        """The statements that take what is there now and not afterwards; a right on a table takes those on its columns along."""
        kept = {replace(one, grantable=False) for one in self._after}
        gone = [one for one in now if one not in self._after]
        whole = [one for one in gone if replace(one, grantable=False) not in kept]
        only_handing_on = [one for one in gone if one.grantable and replace(one, grantable=False) in kept]
        yield from self._steps("revoke {} on {} from {} restrict", whole)
        yield from self._steps("revoke grant option for {} on {} from {} restrict", only_handing_on)

    def given(self, now: Collection[Entitlement]) -> Iterator[Step]:
        """The statements that give what is there afterwards and not now."""
        missing = [one for one in self._after if one not in now]
        yield from self._steps("grant {} on {} to {}", [one for one in missing if not one.grantable])
        yield from self._steps("grant {} on {} to {} with grant option", [one for one in missing if one.grantable])

    def _verify_given(self, one: Entitlement, place: PostgresPlace) -> None:
        if one.holder == PUBLIC and one.grantable:
            raise no(f"everybody cannot be given the right to hand on: {said_as(one)}")
        if one.holder == place.group or minted(one.holder):
            raise no(f"`{shown(one.holder)}` has the rights of leases, which no document gives: {said_as(one)}")
        if one.holder == place.issuer:
            raise no(f"`{shown(one.holder)}` issues leases and performs no effect by itself: {said_as(one)}")
        if one.holder == self._thing(one).owner:
            raise no(f"`{shown(one.holder)}` owns it, and what an owner has is no entitlement: {said_as(one)}")

    def _steps(self, form: str, changes: Collection[Entitlement]) -> Iterator[Step]:
        from psycopg import sql  # noqa: PLC0415  optional: needed only here

        for (key, holder), group in groupby(
            sorted(changes), lambda one: ((one.kind, one.schema, one.name, one.arguments), one.holder)
        ):
            members = list(group)
            rights = sql.SQL(", ").join(map(_right, members))
            to = sql.Identifier(holder) if holder != PUBLIC else sql.SQL("public")
            yield Step(words=said_as(members[0]), statement=sql.SQL(form).format(rights, _on(self._things[key]), to))

    def _thing(self, one: Entitlement) -> Thing:
        return self._things[self._key(one)]

    @staticmethod
    def _key(one: Entitlement) -> Name:
        return one.kind, one.schema, one.name, one.arguments


def _right(one: Entitlement) -> Composable:
    from psycopg import sql  # noqa: PLC0415  optional: needed only here

    return (
        sql.SQL("{} ({})").format(sql.SQL(one.right), sql.Identifier(one.column)) if one.column else sql.SQL(one.right)
    )


def _on(thing: Thing) -> Composable:
    from psycopg import sql  # noqa: PLC0415  optional: needed only here

    if thing.kind is ObjectKind.FUNCTION:
        return sql.SQL("routine ") + sql.SQL(thing.called)  # as `regprocedure` writes it
    if thing.kind is ObjectKind.SCHEMA:
        return sql.SQL("schema ") + sql.Identifier(thing.schema)
    return sql.SQL(f"{thing.kind.lower()} ") + sql.Identifier(thing.schema, thing.name)
