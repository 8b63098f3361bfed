"""What the catalog of a PostgreSQL database says of entitlements: who may do what, who gave it, and what there is by name.

Rule kept (R5): what is not asked for is not there by chance. Each entry of each list of rights counts, those that stand there
by the server's own default as well; only the owner of an object, the group of the leases and the roles of leases are left out.
Whatever a document says stays here: it is compared with what the server named, and no word of it is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from magistrate.domain.entitlements import PUBLIC, RIGHTS, Entitlement, ObjectKind, text_of
from magistrate.errors import Refused

if TYPE_CHECKING:
    from magistrate.executor.credentials.postgres_place import Link

HINT: Final = "docs/entitlements.md says what is compared, and what the group needs"
_SHOWN: Final = 200
_RELATIONS: Final = "('r', 'v', 'm', 'f', 'p', 'S')"
_KIND: Final = "case when c.relkind = 'S' then 'SEQUENCE' else 'TABLE' end"
_GIVEN: Final = f"""
with thing (kind, schema, name, arguments, attribute, owner, acl) as (
  select 'SCHEMA', n.oid, '', '', '', n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)) from pg_namespace n
  union all
  select {_KIND}, c.relnamespace, c.relname::text, '', '', c.relowner,
    coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner))
  from pg_class c where c.relkind in {_RELATIONS}
  union all
  select 'TABLE', c.relnamespace, c.relname::text, '', a.attname::text, c.relowner, a.attacl
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relkind in {_RELATIONS} and c.relkind <> 'S' and not a.attisdropped and a.attacl is not null
  union all
  select 'FUNCTION', p.pronamespace, p.proname::text, oidvectortypes(p.proargtypes), '', p.proowner,
    coalesce(p.proacl, acldefault('f', p.proowner)) from pg_proc p
)
select t.kind, n.nspname::text, t.name, t.arguments, t.attribute,
  case when e.grantee = 0 then '' else h.rolname::text end, e.privilege_type, bool_or(e.is_grantable),
  array_agg(distinct coalesce(g.rolname::text, '?'))
from thing t join pg_namespace n on n.oid = t.schema cross join lateral aclexplode(t.acl) e
  left join pg_roles h on h.oid = e.grantee left join pg_roles g on g.oid = e.grantor
where n.nspname = any(%(schemas)s) and e.grantee <> t.owner
  and (e.grantee = 0 or h.rolname is null
    or (h.rolname <> %(group)s and h.rolname !~ '^lease_[a-z]{{3}}_[a-z2-7]{{26}}$'))
group by 1, 2, 3, 4, 5, 6, 7, e.grantee
"""  # noqa: S608  put together of constants
_THINGS: Final = f"""
select 'SCHEMA', n.nspname::text, '', '', '', n.oid, pg_get_userbyid(n.nspowner)::text from pg_namespace n
where n.nspname = any(%(schemas)s)
union all
select {_KIND}, n.nspname::text, c.relname::text, '', '', c.oid, pg_get_userbyid(c.relowner)::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%(schemas)s) and c.relkind in {_RELATIONS}
union all
select 'FUNCTION', n.nspname::text, p.proname::text, oidvectortypes(p.proargtypes), p.oid::regprocedure::text, p.oid,
  pg_get_userbyid(p.proowner)::text
from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any(%(schemas)s)
"""  # noqa: S608  as above
_SCHEMAS: Final = "select nspname::text from pg_namespace where nspname = any(%s)"
_COLUMNS: Final = "select attrelid, attname::text from pg_attribute where attrelid = any(%s) and not attisdropped"

Name = tuple[ObjectKind, str, str, str]
"""Kind, schema, name and arguments of an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object as the server names it; `called` is a function as the server writes it, ready for SQL."""

    kind: ObjectKind
    schema: str
    name: str
    called: str
    oid: int
    owner: str


def given(link: Link, schemas: tuple[str, ...], group: str) -> Mapping[Entitlement, Collection[str]]:
    """Every entitlement of the schemas, each with the roles that gave it; one statement, so one moment.

    Raises:
        Refused: MAG-E403 when a schema is not there, or a right or a holder is none that can be said.
    """
    there = {name for (name,) in link.execute(_SCHEMAS, (list(schemas),))}
    gone = [name for name in schemas if name not in there]
    if gone:
        raise no(f"there is no schema `{shown(gone[0])}`")
    found: dict[Entitlement, Collection[str]] = {}
    for kind, schema, name, arguments, column, holder, right, grantable, grantors in link.execute(
        _GIVEN.encode(), {"schemas": list(schemas), "group": group}
    ):
        of = ObjectKind(kind)
        if holder is None or right not in RIGHTS[of]:
            why = "is held by a role that is gone" if holder is None else "is a right that this program does not know"
            raise no(f"`{shown(right)}` on `{shown(schema)}.{shown(name)}` {why}")
        one = Entitlement(
            kind=of, schema=schema, name=name, arguments=arguments, column=column, holder=holder or PUBLIC, right=right,
            grantable=grantable,
        )  # fmt: skip
        found[one] = grantors
    return found


def things(link: Link, schemas: tuple[str, ...]) -> Mapping[Name, Thing]:
    """Every object of the schemas by its name."""
    return {
        (ObjectKind(kind), schema, name, arguments): Thing(
            kind=ObjectKind(kind), schema=schema, name=name, called=called, oid=oid, owner=owner
        )
        for kind, schema, name, arguments, called, oid, owner in link.execute(
            _THINGS.encode(), {"schemas": list(schemas)}
        )
    }


def columns(link: Link, tables: Collection[int]) -> frozenset[tuple[int, str]]:
    """The columns of some tables, each with the oid of its table."""
    return frozenset((oid, name) for oid, name in link.execute(_COLUMNS, (list(tables),)))


def roles(link: Link) -> frozenset[str]:
    """The name of every role."""
    return frozenset(name for (name,) in link.execute("select rolname::text from pg_roles"))


def said_as(one: Entitlement) -> str:
    """An entitlement in words: bounded, on one line."""
    return shown(text_of({one}).strip())


def shown(text: str) -> str:
    """A name or a text of somebody else's: printable and bounded."""
    return "".join(c if c.isprintable() else "?" for c in text)[:_SHOWN]


def no(what: str) -> Refused:
    """What is not as it was approved, or cannot be brought there."""
    return Refused("MAG-E403", f"entitlements: {what}", hint=HINT)
