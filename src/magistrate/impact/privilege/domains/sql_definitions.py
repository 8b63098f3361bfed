"""CREATE, ALTER and DROP by the kind of thing that they are about.

Rule kept: a kind that is not known is refused; of the known ones, those without rights are named one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from magistrate.impact.privilege.domains import sql_grants, sql_objects, sql_roles
from magistrate.impact.privilege.domains.sql_catalogue import Catalogue
from magistrate.impact.privilege.domains.sql_cursor import Cursor, NotUnderstoodError

_HARMLESS: Final = frozenset(
    [
        "index",
        "constraint",
        "collation",
        "conversion",
        "statistics",
        "operator",
        "text",
        "aggregate",
        "cast",
        "transform",
        "access",
        "type",
        "domain",
        "default",
        "rule",
        "trigger",
    ]
)
_EXTENSIONS: Final = frozenset(
    [
        "uuid-ossp",
        "pgcrypto",
        "citext",
        "pg_trgm",
        "btree_gin",
        "btree_gist",
        "hstore",
        "ltree",
        "unaccent",
        "intarray",
        "cube",
        "earthdistance",
        "fuzzystrmatch",
        "tablefunc",
        "isn",
        "seg",
        "vector",
        "postgis",
        "postgis_topology",
        "timescaledb",
        "pg_stat_statements",
        "tsm_system_rows",
        "plpgsql",
        "pgtap",
        "pg_buffercache",
        "intagg",
        "moddatetime",
        "insert_username",
        "tcn",
        "bloom",
        "lo",
    ]
)
_NAMED: Final[Mapping[tuple[str, ...], str]] = {
    ("schema",): "schema",
    ("database",): "database",
    ("type",): "type",
    ("domain",): "type",
    ("language",): "language",
    ("tablespace",): "tablespace",
    ("server",): "foreign server",
    ("foreign", "data", "wrapper"): "foreign data wrapper",
    ("large", "object"): "large object",
}
_RELATIONS: Final = (("table",), ("foreign", "table"), ("materialized", "view"), ("view",), ("sequence",))
_ROUTINES: Final = (("function",), ("procedure",), ("routine",))
_TRIGGERS: Final = frozenset(
    {"tsvector_update_trigger", "tsvector_update_trigger_column", "suppress_redundant_updates_trigger", "lo_manage"}
)
"""Trigger functions of PostgreSQL itself: they touch the row that is changed."""


def create(cursor: Cursor, catalogue: Catalogue) -> None:
    """CREATE.

    Raises:
        NotUnderstoodError: it may touch a right and is not understood.
    """
    cursor.accept("or", "replace")
    cursor.accept_any("global", "local")
    temporary = bool(cursor.accept_any("temp", "temporary"))
    for word in ("unlogged", "recursive", "unique", "trusted", "procedural"):
        cursor.accept(word)
    if cursor.accept("table") or cursor.accept("foreign", "table"):
        sql_objects.create_table(cursor, catalogue, temporary=temporary)
    elif cursor.accept("view"):
        sql_objects.create_view(cursor, catalogue, temporary=temporary, kind="view")
    elif cursor.accept("materialized", "view"):
        sql_objects.create_view(cursor, catalogue, temporary=temporary, kind="materialized view")
    elif cursor.accept("sequence"):
        sql_objects.create_sequence(cursor, catalogue, temporary=temporary)
    elif cursor.accept("function") or cursor.accept("procedure"):
        sql_objects.create_function(cursor, catalogue)
    elif not _create_who(cursor, catalogue):
        _create_other(cursor, catalogue)


def _create_who(cursor: Cursor, catalogue: Catalogue) -> bool:
    """Roles, schemas and policies; False where it is something else."""
    if cursor.accept("user", "mapping"):
        _mapping(cursor, catalogue, made=True)
    elif kind := cursor.accept_any("role", "user", "group"):
        sql_roles.create_role(cursor, catalogue, login=kind == "user")
    elif cursor.accept("schema"):
        sql_objects.create_schema(cursor, catalogue)
    elif cursor.accept("policy"):
        sql_objects.create_policy(cursor, catalogue)
    else:
        return False
    return True


def _create_other(cursor: Cursor, catalogue: Catalogue) -> None:
    if cursor.accept("extension"):
        cursor.accept("if", "not", "exists")
        if cursor.part() not in _EXTENSIONS:
            raise NotUnderstoodError
    elif cursor.accept("trigger") or cursor.accept("constraint", "trigger"):
        _trigger(cursor, catalogue)
    elif cursor.accept("database"):
        _create_database(cursor, catalogue)
    elif cursor.accept("server"):
        cursor.accept("if", "not", "exists")
        catalogue.create("foreign server", cursor.name())
    elif cursor.accept("type") or cursor.accept("domain"):
        catalogue.create("type", cursor.name())
    elif cursor.peek() not in _HARMLESS or cursor.peek() == "rule":
        raise NotUnderstoodError


def _create_database(cursor: Cursor, catalogue: Catalogue) -> None:
    made = catalogue.create("database", cursor.name())
    while not cursor.done:
        if cursor.accept("owner"):
            cursor.accept("=")
            made.pass_to(cursor.part())
        else:
            cursor.next()


def _trigger(cursor: Cursor, catalogue: Catalogue) -> None:
    """A trigger runs a function in the name of who changes rows, or of the owner where it says so."""
    while not cursor.done and not (cursor.accept("execute", "function") or cursor.accept("execute", "procedure")):
        cursor.next()
    schema, name = cursor.name()
    if name in _TRIGGERS and schema in {"", "pg_catalog"}:
        return
    found = catalogue.thing("function", (schema, name + "()"))
    if not found.here or found.traits.get("definer"):
        found.traits["triggered"] = "yes"


def _mapping(cursor: Cursor, catalogue: Catalogue, *, made: bool) -> None:
    cursor.accept("if", "not", "exists")
    cursor.accept("if", "exists")
    cursor.expect("for")
    (role,) = cursor.grantees(catalogue.user)
    cursor.expect("server")
    key = (role, cursor.part())
    (catalogue.mappings.add if made else catalogue.mappings.discard)(key)


def alter(cursor: Cursor, catalogue: Catalogue) -> None:
    """ALTER.

    Raises:
        NotUnderstoodError: it may touch a right and is not understood.
    """
    if cursor.accept("default", "privileges"):
        sql_grants.default_privileges(cursor, catalogue)
    elif cursor.accept("user", "mapping") or cursor.accept("system") or cursor.accept("event"):
        raise NotUnderstoodError
    elif cursor.accept_any("role", "user"):
        sql_roles.alter_role(cursor, catalogue)
    elif cursor.accept("group"):
        sql_roles.alter_group(cursor, catalogue)
    elif cursor.accept("policy"):
        sql_objects.alter_policy(cursor, catalogue)
    elif any(cursor.accept(*words) for words in _RELATIONS):
        sql_objects.alter_relation(cursor, catalogue)
    elif any(cursor.accept(*words) for words in _ROUTINES):
        sql_objects.alter_function(cursor, catalogue)
    else:
        _alter_other(cursor, catalogue)


def _alter_other(cursor: Cursor, catalogue: Catalogue) -> None:
    kind = next((kind for words, kind in _NAMED.items() if cursor.accept(*words)), "")
    if kind:
        sql_objects.alter_named(cursor, catalogue, kind)
    elif cursor.peek() not in {*_HARMLESS, "extension"}:
        raise NotUnderstoodError


def drop(cursor: Cursor, catalogue: Catalogue) -> None:
    """DROP.

    Raises:
        NotUnderstoodError: it may touch a right and is not understood.
    """
    if cursor.accept("owned", "by"):
        sql_roles.drop_owned(cursor, catalogue)
    elif cursor.accept("user", "mapping"):
        _mapping(cursor, catalogue, made=False)
    elif cursor.accept_any("role", "user", "group"):
        sql_roles.drop_role(cursor, catalogue)
    elif cursor.accept("policy"):
        sql_objects.drop_policy(cursor, catalogue)
    elif any(cursor.accept(*words) for words in _RELATIONS):
        sql_objects.drop(cursor, catalogue, "table")
    elif any(cursor.accept(*words) for words in _ROUTINES):
        sql_objects.drop(cursor, catalogue, "function")
    elif cursor.accept("schema"):
        sql_objects.drop(cursor, catalogue, "schema")
    elif cursor.peek() in {"event", "publication", "subscription"}:
        raise NotUnderstoodError
