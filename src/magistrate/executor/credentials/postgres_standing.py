"""Which roles of leases stand in a PostgreSQL database, and why each exists, as its server says it.

Rule kept (R50, R51): a role counts as a lease by its name, or by the prefix and the group, and never by a record of this
program; one that does not say why it exists is listed like any other. The comment of a role is another's text: it is bounded,
and believed in nothing but what it claims about its own role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import DecodeError, ValidationError

from magistrate.errors import Usage
from magistrate.executor.credentials.postgres_names import PREFIX, lease_of
from magistrate.executor.credentials.postgres_place import PostgresPlace
from magistrate.wire.times import unix_seconds

if TYPE_CHECKING:
    from magistrate.executor.credentials.postgres_place import Link

_MOST_LETTERS: Final = 10_000
_ROLES: Final = (
    "select rolname, oid, rolcanlogin, coalesce(rolvaliduntil <= clock_timestamp(), false),"
    " extract(epoch from rolvaliduntil)::float8, extract(epoch from clock_timestamp())::float8,"
    " (select count(*) from pg_stat_activity where usesysid = r.oid), left(shobj_description(oid, 'pg_authid'), %s)"
    " from pg_roles r where starts_with(rolname, %s) and (rolname ~ '^lease_[a-z]{3}_[a-z2-7]{26}$'"
    " or pg_has_role(oid, (select oid from pg_roles where rolname = %s), 'MEMBER')) order by rolname"
)


class Why(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a role exists (R51), kept as its comment, where whoever looks at the server finds it.

    `purpose` and `issued` (RFC 3339) are empty where an older version of this program made the role.
    """

    executor: str
    warrant: str
    proposal: str
    reason: str
    purpose: str = ""
    issued: str = ""

    def comment(self) -> str:
        """The text that `why_of` reads."""
        return msgspec.json.encode(self).decode()


class StandingRole(msgspec.Struct, frozen=True, kw_only=True):
    """One role of a lease. `until` and `now` are Unix seconds of the server's clock; `until` is None where nothing ends it.

    `why` is None where its comment does not say so in the words of this program.
    """

    name: str
    oid: int
    can_login: bool
    past_its_end: bool
    until: float | None
    now: float
    sessions: int
    why: Why | None

    @property
    def lease(self) -> str:
        """The lease by which the role is named and ended."""
        return lease_of(self.name)

    @property
    def usable(self) -> bool:
        """Whether it works or could: past its end too while it can log in, for the end binds passwords alone."""
        return self.can_login or self.sessions > 0

    @property
    def state(self) -> str:
        """In words."""
        past = "past its end, " if self.past_its_end else ""
        return f"{past}{'can log in' if self.can_login else 'no login'}, {self.sessions} sessions"


def standing_roles(link: Link, group: str) -> list[StandingRole]:
    """Every role of a lease that is there, by name, and every other under the prefix that is in the group."""
    return [
        StandingRole(
            name=name, oid=oid, can_login=login, past_its_end=past, until=until, now=now, sessions=sessions, why=why_of(why)
        )
        for name, oid, login, past, until, now, sessions, why in link.execute(
            _ROLES.encode(), (_MOST_LETTERS, PREFIX, group)
        )
    ]  # fmt: skip


def look(place: PostgresPlace) -> list[StandingRole]:
    """The same in a session of the issuing role that can write nothing (raises Refused, Unavailable as `place.session`)."""
    with place.session() as link:
        link.execute("set default_transaction_read_only = on")
        return standing_roles(link, place.group)


def why_of(comment: str | None) -> Why | None:
    """What a comment says, if it is one that this program writes."""
    try:
        why = msgspec.json.decode(comment or "", type=Why)
        if why.issued:
            unix_seconds(why.issued)
    except (DecodeError, ValidationError, Usage):
        return None
    return why
