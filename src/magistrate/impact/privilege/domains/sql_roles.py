"""CREATE, ALTER and DROP ROLE with their attributes, replayed into a catalogue (PostgreSQL 16, chapter 22).

Rule kept: an attribute that is not known refuses the statement.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.privilege.domains.sql_catalogue import MIGRATION, Catalogue, Role
from magistrate.impact.privilege.domains.sql_cursor import Cursor, NotUnderstoodError
from magistrate.impact.privilege.domains.sql_text import Kind

_POWERS: Final = ("superuser", "createrole", "createdb", "replication", "bypassrls")
_SETTINGS: Final = frozenset({"role", "session_authorization", "row_security", "session_preload_libraries"})


def create_role(cursor: Cursor, catalogue: Catalogue, *, login: bool) -> None:
    """CREATE ROLE, USER or GROUP, after these words.

    Raises:
        NotUnderstoodError: it is not understood.
    """
    spared = cursor.accept("if", "not", "exists")
    name = cursor.part()
    if spared and name in catalogue.roles:
        return
    made = Role(here=True, login=login, place=catalogue.place)
    catalogue.roles[name] = made
    cursor.accept("with")
    while not cursor.done:
        if not _attribute(cursor, made) and not _memberships(cursor, catalogue, name):
            raise NotUnderstoodError
    if made.inherit:
        return
    for (_, member), options in catalogue.members.items():
        if member == name:
            options.inherit = False


def _attribute(cursor: Cursor, role: Role) -> bool:
    """Take one attribute; False where none comes."""
    word = cursor.peek()
    bare = word.removeprefix("no")
    if word in {*_POWERS, *("no" + one for one in _POWERS)}:
        (role.powers.add if word == bare else role.powers.discard)(bare)
    elif word in {"login", "nologin"}:
        role.login = word == "login"
    elif word in {"inherit", "noinherit"}:
        role.inherit = word == "inherit"
    elif word in {"connection", "encrypted", "unencrypted", "password", "valid", "sysid", "createuser", "nocreateuser"}:
        _valued(cursor, role)
        return True
    else:
        return False
    cursor.next()
    return True


def _valued(cursor: Cursor, role: Role) -> None:
    if cursor.accept_any("encrypted", "unencrypted") and cursor.peek() != "password":
        raise NotUnderstoodError
    if cursor.accept("password"):
        role.password = not cursor.accept("null")
        if role.password and cursor.next().kind not in {Kind.STRING, Kind.PARAMETER}:
            raise NotUnderstoodError
    elif cursor.accept("valid", "until"):
        role.until = cursor.next().text
        role.until = "" if role.until == "infinity" else role.until
    elif cursor.accept("connection", "limit"):
        cursor.accept("-")
        cursor.next()
    elif cursor.accept("sysid"):
        cursor.next()
    else:
        raise NotUnderstoodError


def _memberships(cursor: Cursor, catalogue: Catalogue, name: str) -> bool:
    if cursor.accept("in"):
        if not cursor.accept_any("role", "group"):
            raise NotUnderstoodError
        for role in cursor.grantees(catalogue.user):
            catalogue.join(role, name, {})
        return True
    kind = cursor.accept_any("role", "user", "admin")
    if not kind:
        return False
    for member in cursor.grantees(catalogue.user):
        catalogue.join(name, member, {"admin": True} if kind == "admin" else {})
    return True


def alter_role(cursor: Cursor, catalogue: Catalogue) -> None:
    """ALTER ROLE or USER, after these words.

    Raises:
        NotUnderstoodError: it is not understood, or it sets for a role under whom its sessions run.
    """
    everybody = cursor.accept("all")
    name = "" if everybody else catalogue.user if cursor.accept_any("current_user", "current_role") else cursor.part()
    if cursor.accept("in", "database"):
        cursor.part()
    if cursor.accept("rename", "to"):
        catalogue.rename(name, cursor.part())
        return
    if cursor.accept("reset"):
        if cursor.part() in {*_SETTINGS, "all"}:
            raise NotUnderstoodError
        return
    if cursor.accept("set"):
        if cursor.name()[1] in _SETTINGS:
            raise NotUnderstoodError
        return
    if everybody or name == MIGRATION:
        raise NotUnderstoodError
    role = catalogue.role(name)
    role.place = catalogue.place
    cursor.accept("with")
    while not cursor.done:
        if not _attribute(cursor, role):
            raise NotUnderstoodError


def alter_group(cursor: Cursor, catalogue: Catalogue) -> None:
    """ALTER GROUP name ADD or DROP USER.

    Raises:
        NotUnderstoodError: it is not understood.
    """
    name = cursor.part()
    if cursor.accept("rename", "to"):
        catalogue.rename(name, cursor.part())
        return
    adds = cursor.accept_any("add", "drop")
    cursor.expect("user")
    for member in cursor.grantees(catalogue.user):
        if adds == "add":
            catalogue.join(name, member, {})
        else:
            catalogue.members.pop((name, member), None)
    if not adds:
        raise NotUnderstoodError
    cursor.end()


def drop_role(cursor: Cursor, catalogue: Catalogue) -> None:
    """DROP ROLE, USER or GROUP; a role that owns or holds something is not dropped, as PostgreSQL has it."""
    cursor.accept("if", "exists")
    names = cursor.grantees(catalogue.user)
    cursor.end()
    for name in names:
        if any(thing.owner == name or any(entry[0] == name for entry in thing.acl) for thing in catalogue.everything()):
            return
        if any(name in policy.roles for thing in catalogue.things.values() for policy in thing.policies.values()):
            return
    for name in names:
        catalogue.forget(name)


def drop_owned(cursor: Cursor, catalogue: Catalogue) -> None:
    """DROP OWNED BY: objects of the roles go, and what was granted to them."""
    names = set(cursor.grantees(catalogue.user))
    cursor.accept_any("cascade", "restrict")
    cursor.end()
    catalogue.things = {key: thing for key, thing in catalogue.things.items() if thing.owner not in names}
    catalogue.defaults = {key: thing for key, thing in catalogue.defaults.items() if key[0] not in names}
    for thing in catalogue.everything():
        thing.acl = {
            entry: {by: option for by, option in held.items() if by not in names}
            for entry, held in thing.acl.items()
            if entry[0] not in names
        }
        for title, policy in list(thing.policies.items()):
            kept = tuple(role for role in policy.roles if role not in names)
            if kept:
                policy.roles = kept
            elif policy.roles:
                del thing.policies[title]


def reassign_owned(cursor: Cursor, catalogue: Catalogue) -> None:
    """REASSIGN OWNED BY roles TO role."""
    cursor.expect("owned", "by")
    names = set(cursor.grantees(catalogue.user))
    cursor.expect("to")
    (owner,) = cursor.grantees(catalogue.user)
    cursor.end()
    catalogue.role(owner)
    for thing in catalogue.things.values():
        if thing.owner in names:
            thing.pass_to(owner)
