"""A store with objects of every kind in two schemas, roles with ordinary and with hostile names, and a group that can grant."""

from __future__ import annotations

from typing import Any

from world.postgres_leases import GROUP, Executor, Shop

from magistrate.executor.credentials.postgres_entitlements import PostgresEntitlements

OWNER, ODD = "keeper", 'Odd "; drop schema store cascade; --'
HOSTILE = 'bob"; drop role clerk; --'
HOLDERS = ("clerk", "auditor", "Night Shift", HOSTILE)
SCHEMAS = ("store", ODD)


def word(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


OBJECTS = (
    f"create schema store authorization {OWNER}",
    f"create schema {word(ODD)} authorization {OWNER}",
    f"set role {OWNER}",
    'create table store.price(item text, cents int, "The ""Owner""" text)',
    f"create table {word(ODD)}.{word(ODD)}(a int, {word(ODD)} int)",
    "create view store.cheap as select item from store.price",
    "create materialized view store.kept as select 1 as one",
    "create table store.sold(day date) partition by range (day)",
    "create sequence store.counted",
    "create type store.\"Mood (; x)\" as enum ('good', 'bad')",
    "create function store.worth(cents int) returns int language sql as 'select 1'",
    """create function store.worth(text[], "char", timestamptz, store."Mood (; x)"[], varchar, out a int, out b int)
    language sql as 'select 1, 2'""",
    f"create function {word(ODD)}.{word(ODD)}() returns int language sql as 'select 1'",
    "create procedure store.close_day(inout n int) language sql as 'select 1'",
    "create aggregate store.total(int) (sfunc = int4pl, stype = int)",
    "create aggregate store.middle(float8 order by int) (sfunc = int4pl, stype = int, initcond = '0')",
    "reset role",
    "create foreign table store.far(a int) server elsewhere",
    f"alter foreign table store.far owner to {OWNER}",
)
REACH = [
    f"grant {rights} on {what} to {GROUP} with grant option"
    for schema in map(word, SCHEMAS)
    for rights, what in (
        ("usage, create", f"schema {schema}"),
        ("all", f"all tables in schema {schema}"),
        ("all", f"all sequences in schema {schema}"),
        ("execute", f"all routines in schema {schema}"),
    )
] + [
    f"grant {right} ({names}) on {table} to {GROUP} with grant option"  # so that rights on columns can be handed on too
    for right in ("select", "insert", "update", "references")
    for table, names in (
        ("store.price", 'item, cents, "The ""Owner""", ctid'), (f"{word(ODD)}.{word(ODD)}", word(ODD)),
    )
] + [f"revoke execute on all routines in schema {schema} from public" for schema in map(word, SCHEMAS)]  # fmt: skip


class Store:
    """The store of a shop's server, made anew by `open`; `sql` speaks as the superuser."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.sql("create foreign data wrapper nothing")
        shop.sql("create server elsewhere foreign data wrapper nothing")
        for role in (OWNER, *HOLDERS):
            shop.sql(f"create role {word(role)}")

    def open(self) -> Store:
        self.close()
        self.run(*OBJECTS, *REACH)
        return self

    def close(self) -> None:
        self.run(*(f"drop schema if exists {word(schema)} cascade" for schema in SCHEMAS))

    def run(self, *statements: str, role: str = "") -> None:
        with self.shop.connected() as link:
            if role:
                link.execute(f"set role {word(role)}".encode())
            for statement in statements:
                link.execute(statement.encode())

    def entitlements(self, executor: Executor, **changes: Any) -> PostgresEntitlements:
        return PostgresEntitlements(self.shop.place(**changes), SCHEMAS, executor.roles)
