"""What must be true of a server, its issuing role and the group before a role is minted: looked up in the catalog.

Rule kept: a lease never has more than the group, the group never reaches beyond its database or into an attribute of
roles, and no role is made that could not be ended. A server that does not say so mints nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from magistrate.errors import Refused
from magistrate.executor.credentials.postgres_place import PostgresPlace

if TYPE_CHECKING:
    from magistrate.executor.credentials.postgres_place import Link

OLDEST: Final = 140000
BOUNDED_SINCE: Final = 160000
"""The version from which on a role that makes roles reaches only those that it made."""
_ATTRIBUTES: Final = ("superuser", "createrole", "createdb", "replication", "bypassrls", "login")
_GROUP: Final = (
    "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin, oid"
    " from pg_roles where rolname = %s"
)
_WIDER: Final = (
    "select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid where m.member = %s limit 1"
)
_OUTSIDE: Final = (
    "select classid::regclass::text from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = %s"
    " and deptype = 'o' and dbid <> (select oid from pg_database where datname = current_database()) limit 1"
)
_ELSEWHERE: Final = (
    "select datname from pg_database where datname <> current_database() and datallowconn"
    " and has_database_privilege(%s::oid, oid, 'CONNECT') order by 1 limit 1"
)
_ISSUER: Final = (
    "select rolsuper, rolreplication, rolbypassrls, pg_has_role('pg_signal_backend', 'USAGE'),"
    " pg_has_role(%s::oid, 'USAGE') or pg_has_role(%s::oid, %s) from pg_roles where rolname = current_user"
)


def verify_mintable(link: Link, place: PostgresPlace) -> None:
    """Check server, group and issuing role, in the transaction that will make the role.

    Raises:
        Refused: MAG-E411 with what is wrong and what to do.
    """
    version = link.info.server_version
    if version < OLDEST:
        raise _no(f"the server is PostgreSQL {version // 10000}", "the oldest that is known to end its sessions is 14")
    prepared = link.execute("select current_setting('max_prepared_transactions')").fetchone()
    if prepared != ("0",):
        raise _no(
            "the server keeps prepared transactions, which outlast the session and the role that made them",
            "set max_prepared_transactions = 0",
        )
    _verify_issuer(link, place, _verified_group(link, place.group))


def _verified_group(link: Link, group: str) -> int:
    """The oid of the group, once it holds nothing that a lease must not have."""
    found = link.execute(_GROUP, (group,)).fetchone()
    if found is None:
        raise _no(f"there is no role `{group}`", "make the group that the settings name")
    *attributes, oid = found
    for name, held in zip(_ATTRIBUTES, attributes, strict=True):
        if held:
            raise _no(f"the group `{group}` has the attribute {name}", f'alter role "{group}" no{name}')
    wider = link.execute(_WIDER, (oid,)).fetchone()
    if wider is not None:
        raise _no(f"the group `{group}` is a member of `{wider[0]}`", "grant it its rights directly")
    outside = link.execute(_OUTSIDE, (oid,)).fetchone()
    if outside is not None:
        raise _no(f"the group `{group}` owns something outside of its database ({outside[0]})", "give it another owner")
    elsewhere = link.execute(_ELSEWHERE, (oid,)).fetchone()
    if elsewhere is not None:
        raise _no(
            f"the group `{group}` can connect to the database `{elsewhere[0]}` too",
            f'revoke connect on database "{elsewhere[0]}" from public, or from the group',
        )
    return int(oid)


def _verify_issuer(link: Link, place: PostgresPlace, group: int) -> None:
    becomes = "SET" if link.info.server_version >= BOUNDED_SINCE else "MEMBER"
    found = link.execute(_ISSUER, (group, group, becomes)).fetchone()
    superuser, replicates, bypasses, ends, acts = found if found is not None else (True,) * 5
    if superuser or replicates or bypasses:
        raise _no(f"the issuing role `{place.issuer}` is more than that", "it needs createrole and nothing above it")
    if not ends:
        raise _no(f"`{place.issuer}` could end no session", f'grant pg_signal_backend to "{place.issuer}"')
    if acts:
        raise _no(
            f"`{place.issuer}` has the rights of `{place.group}` by itself",
            "an issuing role performs no effect: take the membership away, or give it `with inherit false, set false`",
        )


def _no(what: str, hint: str) -> Refused:
    return Refused("MAG-E411", f"no role is minted: {what}", hint=hint)
