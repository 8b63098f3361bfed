"""Composition of the systems whose entitlements and secrets the executor changes, and what a person may ask of them.

A part of the executor's root of its own, so that `magistrate entitlements` and `magistrate leases --roots` load brokers of
systems and nothing else of the executor.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from magistrate.adapters.own_roots import installed_roster
from magistrate.authority.admission import Pins
from magistrate.authority.roster import raw_key
from magistrate.bootstrap.root_probes import Probed
from magistrate.domain.entitlements import Entitlement
from magistrate.errors import MagistrateError, NotFound, Unavailable, Usage
from magistrate.executor.credentials.postgres_entitlements import PostgresEntitlements, read_entitlements
from magistrate.executor.credentials.postgres_group import verify_mintable
from magistrate.executor.credentials.postgres_logins import PostgresLogins
from magistrate.executor.credentials.postgres_place import PostgresPlace
from magistrate.executor.credentials.postgres_role import PostgresRoles
from magistrate.executor.credentials.postgres_standing import StandingRole, look
from magistrate.executor.identity import Identity
from magistrate.executor.ports import Clock
from magistrate.executor.postgres_driver import driver, said
from magistrate.settings import Settings
from magistrate.settings_systems import SystemSettings
from magistrate.wire.envelope import process_keyid

if TYPE_CHECKING:
    from magistrate.executor.credentials.postgres_place import Link

_TRIED: Final = 20
_TABLES: Final = """
select n.nspname::text, c.relname::text,
  has_any_column_privilege(c.oid, 'SELECT'),
  has_any_column_privilege(c.oid, 'INSERT, UPDATE') or has_table_privilege(c.oid, 'DELETE, TRUNCATE')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not has_any_column_privilege('public', c.oid, 'SELECT, INSERT, UPDATE')
  and not has_table_privilege('public', c.oid, 'DELETE, TRUNCATE')
order by 4 desc, 3 desc, 1, 2 limit %s
"""
"""Tables that not everybody reaches; those that the one who asks reaches come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemsOfAHome:
    """By name: the systems whose entitlements are changed, and those that a secret opens. One in both has one broker."""

    entitlements: Mapping[str, PostgresEntitlements]
    logins: Mapping[str, PostgresLogins]


def systems_of(settings: Settings, identity: Identity, clock: Clock) -> SystemsOfAHome:
    """The systems of this home, each with its broker; no server is asked yet.

    Raises:
        Usage: MAG-E412 naming the system whose settings are not acceptable.
    """
    pins = Pins(deployment=settings.deployment, roster=settings.pin()) if settings.systems else None

    def executors() -> Collection[str]:
        roster = installed_roster(pins, settings.roster_path) if pins is not None else None
        return [] if roster is None else [process_keyid(raw_key(text)) for text in roster.body.processes.executors]

    places, said = places_of(settings), settings.systems
    roles = {
        name: PostgresRoles(place, identity=identity, clock=clock, executors=executors)
        for name, place in places.items()
    }
    return SystemsOfAHome(
        entitlements={
            name: PostgresEntitlements(place, said[name].schemas, roles[name])
            for name, place in places.items() if said[name].schemas
        },
        logins={
            name: PostgresLogins(place, said[name].logins, roles[name], clock)
            for name, place in places.items() if said[name].logins
        },
    )  # fmt: skip


def places_of(settings: Settings) -> Mapping[str, PostgresPlace]:
    """Where each system is (raises Usage MAG-E412 naming the one whose settings are not acceptable)."""
    return {name: _place(name, system) for name, system in settings.systems.items()}


def roles_at(settings: Settings, name: str) -> tuple[PostgresPlace, Sequence[StandingRole]]:
    """Which roles of leases stand at a system that the settings name, also where its group is not fit for leases.

    Raises:
        Usage: MAG-E412.
        Refused, Unavailable: MAG-E410, MAG-E413, MAG-E414 as the broker.
    """
    place = _place(name, settings.systems[name])
    _verify_password_readable(place)
    return place, look(place)


def given_now(settings: Settings, name: str) -> tuple[PostgresPlace, Mapping[Entitlement, Collection[str]]]:
    """What a system gives away now, and who gave it; its server and its group are fit for leases.

    Raises:
        NotFound: MAG-E404 for a system that the settings do not name.
        Usage: MAG-E412.
        Refused: MAG-E403, MAG-E410, MAG-E411 as the broker.
        Unavailable: MAG-E413, MAG-E414 without server, driver or a password that this user may read.
    """
    if name not in settings.systems:
        there = ", ".join(f"`{one}`" for one in settings.systems)
        raise NotFound(
            "MAG-E404", f"`{settings.home / 'magistrate.toml'}` names no system `{name[:60]}`",
            hint=f"it names {there}" if there else "it names none yet: docs/entitlements.md shows `[system.NAME]`",
        )  # fmt: skip
    if not settings.systems[name].schemas:
        raise Usage(
            "MAG-E404",
            f"`[system.{name}]` names no `schemas`, so that nobody changes its entitlements",
            hint="see docs/entitlements.md",
        )
    place = _place(name, settings.systems[name])
    _verify_password_readable(place)
    with place.session() as link, link.transaction():
        verify_mintable(link, place)
    return place, read_entitlements(place, settings.systems[name].schemas)


def probes_of_systems(settings: Settings) -> Iterator[Probed]:
    """With each issuing role alone: work as the group, read and write tables; the server must refuse. What everybody may is left out."""
    for name, system in settings.systems.items():
        root = f"system {name}"
        try:
            place = _place(name, system)
            _verify_password_readable(place)
            with place.session() as link:
                with link.transaction():
                    verify_mintable(link, place)
                yield _tried(link, root, f"to work as the group `{place.group}`", "set role {}", place.group)
                for schema, table, _, writes in link.execute(_TABLES.encode(), (_TRIED,)).fetchall():
                    yield _tried(
                        link, root, f"to read the table `{schema}.{table}`", "select from {} limit 0", schema, table
                    )
                    if writes:
                        yield Probed(
                            root=root, tried=f"to write the table `{schema}.{table}`", refused=False, seen="it MAY"
                        )
        except MagistrateError as error:
            yield Probed(root=root, tried="anything", refused=None, seen=error.message)


def _tried(link: Link, root: str, tried: str, form: str, *names: str) -> Probed:
    from psycopg import sql

    try:
        with link.transaction(force_rollback=True):
            link.execute(sql.SQL(form).format(sql.Identifier(*names)))
    except driver().errors.InsufficientPrivilege as error:
        return Probed(root=root, tried=tried, refused=True, seen=said(error))
    return Probed(root=root, tried=tried, refused=False, seen="the server LET IT")


def _place(name: str, system: SystemSettings) -> PostgresPlace:
    try:
        return PostgresPlace(
            system=name, host=system.host, port=system.port, database=system.database, issuer=system.issuer, group=system.group,
            sslmode=system.sslmode, sslrootcert=system.sslrootcert, passfile=system.passfile,
        )  # fmt: skip
    except Usage as error:
        raise Usage(error.code, f"`[system.{name}]`: {error.message}", hint=error.hint) from error


def _verify_password_readable(place: PostgresPlace) -> None:
    if place.passfile is not None and not os.access(place.passfile, os.R_OK):
        raise Unavailable(
            "MAG-E413", f"`{place.passfile}`, the password of `{place.issuer}`, is not there or not yours to read",
            hint="ask as the user of the executor, or as root",
        )  # fmt: skip
