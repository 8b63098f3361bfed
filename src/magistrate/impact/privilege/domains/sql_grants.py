"""GRANT, REVOKE and ALTER DEFAULT PRIVILEGES, replayed into a catalogue (PostgreSQL 16).

Rule kept: a statement that is not understood to its last token is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from magistrate.impact.privilege.domains.sql_catalogue import PRIVILEGES, PUBLIC, Catalogue, Name, Thing
from magistrate.impact.privilege.domains.sql_cursor import Cursor, NotUnderstoodError, signature
from magistrate.impact.privilege.domains.sql_text import Kind, Tokens
from magistrate.impact.privilege.model import Place

_KINDS: Final = (
    (("table",), "table"), (("sequence",), "sequence"), (("function",), "function"), (("procedure",), "function"),
    (("routine",), "function"), (("schema",), "schema"), (("database",), "database"), (("type",), "type"),
    (("domain",), "type"), (("language",), "language"), (("tablespace",), "tablespace"),
    (("foreign", "server"), "foreign server"), (("foreign", "data", "wrapper"), "foreign data wrapper"),
    (("large", "object"), "large object"), (("parameter",), "parameter"),
)  # fmt: skip
ALL_KINDS: Final = {
    "tables": ("table",),
    "sequences": ("sequence",),
    "functions": ("function",),
    "procedures": ("function",),
    "routines": ("function",),
    "types": ("type",),
    "schemas": ("schema",),
}
_OPTIONS: Final = frozenset({"admin", "inherit", "set"})

Privileges = list[tuple[str, tuple[str, ...]]]
"""Each privilege with its columns (none: the whole object); `all` stands for those of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """One GRANT or REVOKE on objects."""

    gives: bool
    privileges: Privileges
    grantees: tuple[str, ...]
    option: bool
    cascade: bool
    place: Place


def grant_or_revoke(tokens: Tokens, catalogue: Catalogue) -> None:
    """Replay one statement.

    Raises:
        NotUnderstoodError: it is not understood.
    """
    cursor = Cursor(tokens)
    gives = cursor.accept("grant")
    if not gives:
        cursor.expect("revoke")
    if not _on_objects(tokens):
        _roles(cursor, catalogue, gives=gives)
        return
    option = not gives and cursor.accept("grant", "option", "for")
    privileges = _privileges(cursor)
    cursor.expect("on")
    things = list(_things(cursor, catalogue))
    act = _ending(cursor, catalogue, privileges, gives=gives, option=option)
    _apply(act, things, catalogue)


def _on_objects(tokens: Tokens) -> bool:
    for token in tokens:
        if token.kind is Kind.WORD and token.text in {"to", "from"}:
            return False
        if token.kind is Kind.WORD and token.text == "on":
            return True
    raise NotUnderstoodError


def _privileges(cursor: Cursor) -> Privileges:
    found: Privileges = []
    while True:
        name = cursor.next()
        if name.kind is not Kind.WORD:
            raise NotUnderstoodError
        text = name.text
        if text == "all":
            cursor.accept("privileges")
        if text == "alter":
            cursor.expect("system")
            text = "alter system"
        columns: list[str] = []
        if cursor.peek() == "(":
            inner = Cursor(cursor.inside())
            columns.append(inner.part())
            while inner.accept(","):
                columns.append(inner.part())
            inner.end()
        found.append(("temporary" if text == "temp" else text, tuple(columns)))
        if not cursor.accept(","):
            return found


def _things(cursor: Cursor, catalogue: Catalogue) -> Iterator[Thing]:
    if cursor.accept("all"):
        kinds = ALL_KINDS.get(cursor.part())
        cursor.expect("in", "schema")
        if kinds is None:
            raise NotUnderstoodError
        for _, schema in cursor.names():
            for kind in kinds:
                yield from catalogue.every(kind, schema)
        return
    kind = next((kind for words, kind in _KINDS if _is_kind(cursor, words)), "table")
    if kind == "table":
        cursor.accept("table")
    yield _thing(kind, cursor, catalogue)
    while cursor.accept(","):
        yield _thing(kind, cursor, catalogue)


def _thing(kind: str, cursor: Cursor, catalogue: Catalogue) -> Thing:
    if kind == "function":
        return function_of(cursor, catalogue)
    if kind == "large object":
        return catalogue.thing(kind, ("", cursor.next().text))
    if kind == "parameter":
        return catalogue.thing(kind, ("", ".".join(part for part in cursor.name() if part)))
    return catalogue.thing(kind, cursor.name())


def _is_kind(cursor: Cursor, words: tuple[str, ...]) -> bool:
    """A kind of object, where a name follows: a table may be called like a kind."""
    after = cursor.peek(len(words))
    return after not in {"to", "from", ",", "."} and cursor.accept(*words)


def function_of(cursor: Cursor, catalogue: Catalogue) -> Thing:
    """A function by its signature, or by its name where there is one of that name only."""
    name = cursor.name()
    if cursor.peek() == "(":
        return catalogue.thing("function", signature(name, cursor.inside()))
    found = [
        one for (kind, (schema, own)), one in catalogue.things.items()
        if kind == "function" and own.partition("(")[0] == name[1] and schema in ({name[0]} if name[0] else {*catalogue.path})
    ]  # fmt: skip
    return found[0] if len(found) == 1 else catalogue.thing("function", name)


def _ending(cursor: Cursor, catalogue: Catalogue, privileges: Privileges, *, gives: bool, option: bool) -> _Act:
    cursor.expect("to" if gives else "from")
    grantees = cursor.grantees(catalogue.user)
    if gives and cursor.accept("with", "grant", "option"):
        option = True
    if cursor.accept("granted", "by"):
        by = cursor.grantees(catalogue.user)
        if by != [catalogue.user]:
            raise NotUnderstoodError
    cascade = cursor.accept("cascade")
    cursor.accept("restrict")
    cursor.end()
    if gives and option and PUBLIC in grantees:
        raise NotUnderstoodError
    return _Act(
        gives=gives,
        privileges=privileges,
        grantees=tuple(grantees),
        option=option,
        cascade=cascade,
        place=catalogue.place,
    )


def _apply(act: _Act, things: Iterable[Thing], catalogue: Catalogue) -> None:
    listed = list(things)
    for thing in listed:
        for privilege, columns in act.privileges:
            if (privilege != "all" and privilege not in PRIVILEGES[thing.kind]) or (columns and thing.kind != "table"):
                raise NotUnderstoodError
    kept = [(thing, {entry: dict(held) for entry, held in thing.acl.items()}) for thing in listed]
    for name in act.grantees:
        if name != PUBLIC:
            catalogue.role(name)
    for thing in listed:
        grantor = catalogue.grantor(thing)
        if grantor is None:
            continue
        if not all(_one(act, thing, entry, grantor) for entry in _entries(act, thing)):
            for other, acl in kept:
                other.acl = acl
            return


def _entries(act: _Act, thing: Thing) -> Iterator[tuple[str, str, str]]:
    for grantee in act.grantees:
        for privilege, columns in act.privileges:
            for one in PRIVILEGES[thing.kind] if privilege == "all" else (privilege,):
                if privilege == "all" and columns and one not in {"select", "insert", "update", "references"}:
                    continue
                for column in columns or ("",):
                    yield grantee, one, column
                if not columns and not act.gives:
                    yield from [entry for entry in list(thing.acl) if entry[:2] == (grantee, one) and entry[2]]


def _one(act: _Act, thing: Thing, entry: tuple[str, str, str], grantor: str) -> bool:
    if act.gives:
        if thing.owner == grantor or thing.acl.get(entry, {}) or _may_pass_on(thing, entry, grantor):
            thing.give(entry, grantor, option=act.option, place=act.place)
        return True
    if not thing.here and grantor == thing.owner:
        return all(
            thing.take(entry, by, option_only=act.option, cascade=act.cascade) for by in list(thing.acl.get(entry, {}))
        )
    return thing.take(entry, grantor, option_only=act.option, cascade=act.cascade)


def _may_pass_on(thing: Thing, entry: tuple[str, str, str], grantor: str) -> bool:
    """Without owning it: only what was given with the option to pass it on."""
    return any(any(thing.acl.get((grantor, entry[1], column), {}).values()) for column in ("", entry[2]))


def _roles(cursor: Cursor, catalogue: Catalogue, *, gives: bool) -> None:
    """GRANT role TO role, REVOKE role FROM role."""
    only = "" if gives else next((one for one in sorted(_OPTIONS) if cursor.accept(one, "option", "for")), "")
    roles = [cursor.part()]
    while cursor.accept(","):
        roles.append(cursor.part())
    cursor.expect("to" if gives else "from")
    members = cursor.grantees(catalogue.user)
    options = _membership_options(cursor) if gives else {}
    if cursor.accept("granted", "by") and cursor.grantees(catalogue.user) != [catalogue.user]:
        raise NotUnderstoodError
    if not gives:
        cursor.accept("cascade")
        cursor.accept("restrict")
    cursor.end()
    if PUBLIC in members:
        raise NotUnderstoodError
    for role in roles:
        for member in members:
            if gives:
                catalogue.join(role, member, options)
            elif only and (role, member) in catalogue.members:
                setattr(catalogue.members[role, member], only, False)
            elif not only:
                catalogue.members.pop((role, member), None)


def _membership_options(cursor: Cursor) -> dict[str, bool]:
    if not cursor.accept("with"):
        return {}
    found: dict[str, bool] = {}
    while True:
        option = cursor.part()
        if option not in _OPTIONS:
            raise NotUnderstoodError
        found[option] = cursor.accept_any("option", "true", "false") in {"option", "true"}
        if not cursor.accept(","):
            return found


def default_privileges(cursor: Cursor, catalogue: Catalogue) -> None:
    """ALTER DEFAULT PRIVILEGES, after these three words.

    Raises:
        NotUnderstoodError: it is not understood.
    """
    creators = [catalogue.user]
    if cursor.accept("for"):
        if not cursor.accept_any("role", "user"):
            raise NotUnderstoodError
        creators = cursor.grantees(catalogue.user)
    schemas = [""]
    if cursor.accept("in", "schema"):
        schemas = [name for _, name in cursor.names()]
    gives = cursor.accept("grant")
    if not gives:
        cursor.expect("revoke")
    option = not gives and cursor.accept("grant", "option", "for")
    privileges = _privileges(cursor)
    cursor.expect("on")
    kinds = ALL_KINDS.get(cursor.part())
    if kinds is None or PUBLIC in creators:
        raise NotUnderstoodError
    act = _ending(cursor, catalogue, privileges, gives=gives, option=option)
    for creator in creators:
        things = [catalogue.default(creator, schema, kind) for schema in schemas for kind in kinds]
        for thing in things:
            held, catalogue.user = catalogue.user, creator
            _apply(act, [thing], catalogue)
            catalogue.user = held


def full_name(name: Name) -> str:
    """A name as it is shown."""
    return f"{name[0]}.{name[1]}" if name[0] else name[1]
