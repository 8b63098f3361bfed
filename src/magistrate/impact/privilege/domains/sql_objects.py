"""CREATE, ALTER and DROP of what rights are held on, replayed into a catalogue (PostgreSQL 16).

Tables, views, sequences, functions, schemas and the rest; policies of row security; owners. What an
ALTER does besides (columns, constraints, settings of storage) touches no right.

Rule kept: what could touch a right and is not understood refuses the statement.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.privilege.domains.sql_catalogue import Catalogue, Name, Policy, Thing
from magistrate.impact.privilege.domains.sql_cursor import Cursor, NotUnderstoodError, parts_of, signature
from magistrate.impact.privilege.domains.sql_grants import function_of
from magistrate.impact.privilege.domains.sql_text import Kind, Tokens, UnreadableSqlError, shown, statements

_SERIAL: Final = frozenset({"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"})
_READ: Final = frozenset({"sql", "plpgsql"})


def create_table(cursor: Cursor, catalogue: Catalogue, *, temporary: bool) -> None:
    """CREATE TABLE and FOREIGN TABLE, with the sequences of its columns."""
    cursor.accept("if", "not", "exists")
    name = cursor.name()
    if temporary or name[0] == "pg_temp":
        return
    table = catalogue.create("table", name)
    if cursor.peek() != "(":
        return
    for part in parts_of(cursor.inside()):
        words = [token.text for token in part]
        if len(words) > 1 and (words[1] in _SERIAL or ("identity" in words and "generated" in words)):
            made = catalogue.create("sequence", (table.name[0], f"{table.name[1]}_{words[0]}_seq"), table.owner)
            made.traits["of"] = ".".join(table.name)


def create_view(cursor: Cursor, catalogue: Catalogue, *, temporary: bool, kind: str) -> None:
    """CREATE VIEW and MATERIALIZED VIEW: what it shows, and in whose name it reads."""
    cursor.accept("if", "not", "exists")
    name = cursor.name()
    if temporary:
        return
    view = catalogue.create("table", name)
    view.traits = {"view": kind}
    if cursor.peek() == "(":
        cursor.inside()
    if cursor.accept("with"):
        _view_options(view, cursor.inside())
    cursor.accept("using") and cursor.part()
    if cursor.accept("tablespace"):
        cursor.part()
    cursor.expect("as")
    view.traits["definition"] = shown(cursor.rest())


def _view_options(view: Thing, options: Tokens) -> None:
    for part in parts_of(options):
        name, value = part[0].text, part[-1].text if len(part) > 1 else "true"
        on = value.lower() in {"true", "on", "1", "yes"}
        for trait, option in (("invoker", "security_invoker"), ("barrier", "security_barrier")):
            if name == option:
                view.traits.pop(trait, None)
                if on:
                    view.traits[trait] = "yes"


def create_sequence(cursor: Cursor, catalogue: Catalogue, *, temporary: bool) -> None:
    """CREATE SEQUENCE."""
    cursor.accept("if", "not", "exists")
    name = cursor.name()
    if not temporary:
        catalogue.create("sequence", name)


def create_schema(cursor: Cursor, catalogue: Catalogue) -> None:
    """CREATE SCHEMA, with or without an owner; elements within it are not read."""
    cursor.accept("if", "not", "exists")
    owner = name = ""
    if not cursor.accept("authorization"):
        name = cursor.part()
    if (name and cursor.accept("authorization")) or not name:
        (owner,) = cursor.grantees(catalogue.user)
        catalogue.role(owner)
    cursor.end()
    if ("schema", ("", name or owner)) not in catalogue.things:
        catalogue.create("schema", ("", name or owner), owner)


def create_function(cursor: Cursor, catalogue: Catalogue) -> None:
    """CREATE FUNCTION and PROCEDURE; another definition keeps owner and access list."""
    name = signature(cursor.name(), cursor.inside())
    found = catalogue.create("function", name)
    found.traits = {"language": "sql", "body": ""}
    while not cursor.done:
        if cursor.accept("language"):
            found.traits["language"] = cursor.next().text.lower()
        elif cursor.accept("as"):
            first = cursor.next()
            found.traits["body"] = first.text
            if first.kind is not Kind.STRING:
                raise NotUnderstoodError
        elif (cursor.peek() == "begin" and cursor.peek(1) == "atomic") or cursor.peek() == "return":
            found.traits["body"] = shown(cursor.rest())
        elif not _function_option(cursor, found):
            cursor.next()
    try:
        listed = list(statements(found.traits["body"])) if found.traits["language"] in _READ else []
        found.traits["body"] = "; ".join(map(shown, listed)) if listed else " ".join(found.traits["body"].split())
    except UnreadableSqlError:
        found.traits["body"] = " ".join(found.traits["body"].split())


def _function_option(cursor: Cursor, found: Thing) -> bool:
    cursor.accept("external") if cursor.peek(1) == "security" else None
    if cursor.accept("security", "definer"):
        found.traits["definer"] = "yes"
    elif cursor.accept("security", "invoker"):
        found.traits.pop("definer", None)
    elif cursor.accept("set", "search_path"):
        cursor.accept_any("to", "=")
        found.traits["path"] = shown(_setting(cursor))
    elif cursor.peek() == "leakproof" and (cursor.at == 0 or cursor.tokens[cursor.at - 1].text != "not"):
        raise NotUnderstoodError
    else:
        return False
    return True


def _setting(cursor: Cursor) -> Tokens:
    first = cursor.at
    cursor.next()
    while cursor.accept(","):
        cursor.next()
    return cursor.tokens[first : cursor.at]


def alter_function(cursor: Cursor, catalogue: Catalogue) -> None:
    """ALTER FUNCTION, PROCEDURE, ROUTINE."""
    found = function_of(cursor, catalogue)
    if _moved(cursor, catalogue, found):
        return
    while not cursor.done:
        if cursor.accept("reset"):
            found.traits.pop("path", None)
        if not _function_option(cursor, found):
            cursor.next()


def _moved(cursor: Cursor, catalogue: Catalogue, thing: Thing) -> bool:
    """OWNER TO, RENAME TO, SET SCHEMA; False where none of them comes."""
    if cursor.accept("owner", "to"):
        (owner,) = cursor.grantees(catalogue.user)
        catalogue.role(owner)
        thing.pass_to(owner)
        return True
    if cursor.accept("rename", "to"):
        own = thing.name[1].partition("(")
        _rename(catalogue, thing, (thing.name[0], cursor.part() + own[1] + own[2]))
        return True
    if cursor.accept("set", "schema"):
        _rename(catalogue, thing, (cursor.part(), thing.name[1]))
        return True
    return False


def _rename(catalogue: Catalogue, thing: Thing, name: Name) -> None:
    catalogue.things.pop((thing.kind, thing.name), None)
    if thing.kind == "schema":
        for (kind, (schema, own)), one in list(catalogue.things.items()):
            if schema == thing.name[1]:
                del catalogue.things[kind, (schema, own)]
                one.name = (name[1], own)
                catalogue.things[kind, one.name] = one
    thing.name = name
    catalogue.things[thing.kind, name] = thing


def alter_relation(cursor: Cursor, catalogue: Catalogue) -> None:
    """ALTER TABLE, VIEW, SEQUENCE and the like: owner, name, row security; the rest touches no right."""
    if cursor.accept("all", "in", "tablespace"):
        return
    cursor.accept("if", "exists")
    cursor.accept("only")
    table = catalogue.thing("table", cursor.name())
    cursor.accept("*")
    if _moved(cursor, catalogue, table):
        return
    if cursor.accept("rename"):
        cursor.accept("column")
        if cursor.peek() != "constraint":
            _rename_column(table, cursor)
        return
    for part in parts_of(cursor.rest()):
        _action(Cursor(part), catalogue, table)


def _rename_column(table: Thing, cursor: Cursor) -> None:
    old = cursor.part()
    cursor.expect("to")
    new = cursor.part()
    table.acl = {
        (grantee, privilege, new if column == old else column): held
        for (grantee, privilege, column), held in table.acl.items()
    }


def _action(cursor: Cursor, catalogue: Catalogue, table: Thing) -> None:
    if cursor.accept("enable", "row", "level", "security"):
        table.secured = True
    elif cursor.accept("disable", "row", "level", "security"):
        table.secured = False
    elif cursor.accept("drop") and cursor.peek() != "constraint":
        cursor.accept("column")
        cursor.accept("if", "exists")
        column = cursor.part()
        table.acl = {entry: held for entry, held in table.acl.items() if entry[2] != column}
    elif cursor.accept("set") and cursor.peek() == "(":
        _view_options(table, cursor.inside())
    elif cursor.accept("reset") and cursor.peek() == "(":
        for part in parts_of(cursor.inside()):
            table.traits.pop({"security_invoker": "invoker", "security_barrier": "barrier"}.get(part[0].text, ""), None)
    else:
        _moved(cursor, catalogue, table)


def alter_named(cursor: Cursor, catalogue: Catalogue, kind: str) -> None:
    """ALTER SCHEMA, DATABASE, TYPE and others: owner and name."""
    cursor.accept("if", "exists")
    thing = catalogue.thing(kind, ("", cursor.next().text) if kind == "large object" else cursor.name())
    if _moved(cursor, catalogue, thing):
        return
    if (
        kind == "database"
        and cursor.accept("set")
        and cursor.name()[1] in {"role", "session_authorization", "row_security"}
    ):
        raise NotUnderstoodError


def drop(cursor: Cursor, catalogue: Catalogue, kind: str) -> None:
    """DROP of things by name."""
    cursor.accept("if", "exists")
    gone: list[Thing] = []
    while True:
        gone.append(function_of(cursor, catalogue) if kind == "function" else catalogue.thing(kind, cursor.name()))
        if not cursor.accept(","):
            break
    cursor.accept_any("cascade", "restrict")
    cursor.end()
    for thing in gone:
        catalogue.things.pop((thing.kind, thing.name), None)
        for key, one in list(catalogue.things.items()):
            inside = kind == "schema" and one.name[0] == thing.name[1]
            if inside or (kind == "table" and one.traits.get("of") == ".".join(thing.name)):
                del catalogue.things[key]


def create_policy(cursor: Cursor, catalogue: Catalogue) -> None:
    """CREATE POLICY."""
    title = cursor.part()
    cursor.expect("on")
    table = catalogue.thing("table", cursor.name())
    made = Policy(permissive=True, command="all", roles=(), using=None, check=None)
    if cursor.accept("as"):
        made.permissive = cursor.accept_any("permissive", "restrictive") == "permissive"
    if cursor.accept("for"):
        made.command = cursor.accept_any("all", "select", "insert", "update", "delete")
        if not made.command:
            raise NotUnderstoodError
    _policy_parts(cursor, catalogue, made)
    table.policies[title] = made


def _policy_parts(cursor: Cursor, catalogue: Catalogue, made: Policy) -> None:
    if cursor.accept("to"):
        roles = cursor.grantees(catalogue.user)
        made.roles = () if "" in roles else tuple(roles)
    if cursor.accept("using"):
        made.using = cursor.inside()
    if cursor.accept("with", "check"):
        made.check = cursor.inside()
    cursor.end()


def alter_policy(cursor: Cursor, catalogue: Catalogue) -> None:
    """ALTER POLICY; one that the files do not create cannot be told."""
    title = cursor.part()
    cursor.expect("on")
    table = catalogue.thing("table", cursor.name())
    held = table.policies.get(title)
    if held is None:
        raise NotUnderstoodError
    if cursor.accept("rename", "to"):
        table.policies[cursor.part()] = table.policies.pop(title)
        return
    _policy_parts(cursor, catalogue, held)


def drop_policy(cursor: Cursor, catalogue: Catalogue) -> None:
    """DROP POLICY; one that the files do not create may have been there to restrict."""
    cursor.accept("if", "exists")
    spared = cursor.tokens[cursor.at - 1].text == "exists"
    title = cursor.part()
    cursor.expect("on")
    table = catalogue.thing("table", cursor.name())
    if table.policies.pop(title, None) is None and not (spared and table.here):
        raise NotUnderstoodError
