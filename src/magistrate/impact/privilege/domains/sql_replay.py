"""Statements of migrations replayed in order into a catalogue: which touch rights, which do not, which are not known.

Transactions count: what is rolled back never was. Dynamic SQL (`DO` with EXECUTE, functions of the
files that grant, `COPY ... PROGRAM`, changes of system tables) is unknown.

Rule kept: a statement is replayed whole, or unknown; only statements that cannot touch a right are passed over.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from magistrate.impact.privilege.domains import sql_definitions, sql_grants, sql_roles
from magistrate.impact.privilege.domains.sql_catalogue import MIGRATION, Catalogue
from magistrate.impact.privilege.domains.sql_cursor import Cursor, NotUnderstoodError
from magistrate.impact.privilege.domains.sql_text import Kind, Tokens, UnreadableSqlError, shown, statements
from magistrate.impact.privilege.model import Place

RIGHTS: Final = frozenset(
    [
        "grant",
        "revoke",
        "role",
        "user",
        "owner",
        "authorization",
        "policy",
        "security",
        "definer",
        "privileges",
        "superuser",
        "bypassrls",
        "createrole",
        "reassign",
        "owned",
        "login",
        "group",
    ]
)
"""Words without which a statement of an unknown kind touches no right."""
_PASSED: Final = frozenset(
    [
        "analyze",
        "vacuum",
        "explain",
        "lock",
        "notify",
        "listen",
        "unlisten",
        "reindex",
        "cluster",
        "discard",
        "show",
        "values",
        "table",
        "declare",
        "fetch",
        "move",
        "close",
        "deallocate",
        "comment",
        "truncate",
        "checkpoint",
        "refresh",
        "load",
    ]
)
_ROWS: Final = frozenset({"select", "insert", "update", "delete", "with", "merge", "copy", "call", "perform"})
_DANGEROUS: Final = frozenset(
    [
        "set_config",
        "dblink",
        "dblink_exec",
        "dblink_connect",
        "lo_import",
        "lo_export",
        "pg_read_file",
        "pg_write_file",
        "pg_reload_conf",
        "query_to_xml",
        "pg_execute_server_program",
        "exec_sql",
        "execute_sql",
    ]
)
_OTHER: Final = frozenset({"execute", "exec", "prepare", "import", "security", "deny", ""})


@dataclass(slots=True)
class Replay:
    """A catalogue with the statements that were not understood, as (text, line)."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    unknown: list[tuple[str, int, str]] = field(default_factory=list)
    _saved: Catalogue | None = None
    _undoes: bool = False

    def run(self, text: str, path: str) -> None:
        """Replay one file; a role or path that it sets ends with it."""
        self._saved = None
        try:
            listed = list(statements(text))
        except UnreadableSqlError:
            self.unknown.append((" ".join(text.split()), 1, path))
            return
        self._undoes = any(tokens[0].text in {"rollback", "abort"} for tokens in listed)
        for tokens in listed:
            self.catalogue.place = Place(path=path, line=tokens[0].line)
            try:
                self.take(tokens)
            except NotUnderstoodError:
                self.unknown.append((shown(tokens), tokens[0].line, path))
        self.catalogue.user, self.catalogue.path = MIGRATION, ("public",)

    def take(self, tokens: Tokens) -> None:
        """Replay one statement.

        Raises:
            NotUnderstoodError: it may touch a right and is not understood.
        """
        cursor = Cursor(tokens)
        first = cursor.peek()
        if tokens[0].kind is Kind.COMMAND:
            _psql_command(first)
        elif first in _ROWS or first == "(":
            self._rows(tokens)
        elif first in {"grant", "revoke"}:
            sql_grants.grant_or_revoke(tokens, self.catalogue)
        elif first in _VERBS:
            cursor.next()
            _VERBS[first](self, cursor)
        elif first not in _PASSED and (first in _OTHER or RIGHTS & {token.text for token in tokens}):
            raise NotUnderstoodError

    def _rows(self, tokens: Tokens) -> None:
        """Statements on rows: rights move only by system tables, programs, and functions that move them."""
        words = [token.text for token in tokens if token.kind in {Kind.WORD, Kind.QUOTED}]
        if words[:1] == ["copy"] and "program" in words:
            raise NotUnderstoodError
        if (
            words[:1] != ["select"]
            and any(
                word.startswith("pg_") and before in {"into", "update", "from", "."}
                for before, word in zip(
                    ["", *(token.text for token in tokens)], [token.text for token in tokens], strict=False
                )
            )
            and {"insert", "update", "delete", "merge"} & set(words)
        ):
            raise NotUnderstoodError
        if "set_config" in words and "search_path" in {token.text for token in tokens if token.kind is Kind.STRING}:
            strings = [token.text for token in tokens if token.kind is Kind.STRING]
            self.catalogue.path = tuple(part.strip().strip('"') for part in strings[-1].split(",") if part.strip())
            return
        if _DANGEROUS & set(words):
            raise NotUnderstoodError
        for (kind, (_, name)), thing in self.catalogue.things.items():
            if kind == "function" and name.partition("(")[0] in words and moves_rights(thing.traits.get("body", "")):
                raise NotUnderstoodError

    def do(self, cursor: Cursor) -> None:
        """DO: a block that names no right and executes no text touches none."""
        for token in cursor.rest():
            if token.kind is Kind.STRING and moves_rights(token.text):
                raise NotUnderstoodError

    def set(self, cursor: Cursor) -> None:
        """SET: the role, the search path; how strings are read must not change."""
        cursor.accept_any("local", "session") if cursor.peek(1) != "authorization" else None
        if cursor.accept("role") or cursor.accept("session", "authorization"):
            cursor.accept_any("to", "=")
            token = cursor.next()
            name = MIGRATION if token.text in {"none", "default"} and token.kind is Kind.WORD else token.text
            if token.kind is Kind.PARAMETER:
                raise NotUnderstoodError
            if name != MIGRATION:
                self.catalogue.role(name)
            self.catalogue.user = name
        elif cursor.accept("search_path") or cursor.accept("schema"):
            cursor.accept_any("to", "=")
            listed = [token.text for token in cursor.rest() if token.text != ","]
            self.catalogue.path = tuple(one for one in listed if one not in {"default", "pg_catalog", "$user"}) or (
                "public",
            )
        elif cursor.peek() in {"password", "default"} or (
            cursor.peek() in {"standard_conforming_strings", "backslash_quote"}
            and cursor.rest()[-1].text not in {"on", "true"}
        ):
            raise NotUnderstoodError

    def reset(self, cursor: Cursor) -> None:
        """RESET: the role and the path are what they were."""
        what = cursor.peek()
        if what in {"role", "session", "all"}:
            self.catalogue.user = MIGRATION
        if what in {"search_path", "all"}:
            self.catalogue.path = ("public",)

    def begin(self, _cursor: Cursor) -> None:
        """A transaction begins."""
        if self._saved is None and self._undoes:
            self._saved = copy.deepcopy(self.catalogue)

    def commit(self, _cursor: Cursor) -> None:
        """What the transaction did stays."""
        self._saved = None

    def rollback(self, cursor: Cursor) -> None:
        """What the transaction did never was; a part of it cannot be told."""
        cursor.accept_any("work", "transaction")
        if not cursor.done:
            raise NotUnderstoodError
        if self._saved is not None:
            self.catalogue, self._saved = self._saved, None

    def passed(self, _cursor: Cursor) -> None:
        """A statement that touches no right."""


_VERBS: Final[Mapping[str, Callable[[Replay, Cursor], None]]] = {
    "create": lambda replay, cursor: sql_definitions.create(cursor, replay.catalogue),
    "alter": lambda replay, cursor: sql_definitions.alter(cursor, replay.catalogue),
    "drop": lambda replay, cursor: sql_definitions.drop(cursor, replay.catalogue),
    "set": Replay.set,
    "reset": Replay.reset,
    "begin": Replay.begin,
    "start": Replay.begin,
    "commit": Replay.commit,
    "end": Replay.commit,
    "rollback": Replay.rollback,
    "abort": Replay.rollback,
    "savepoint": Replay.passed,
    "release": Replay.passed,
    "do": Replay.do,
    "reassign": lambda replay, cursor: sql_roles.reassign_owned(cursor, replay.catalogue),
}


def moves_rights(body: str) -> bool:
    """Whether the body of a function or block executes text, or names a right."""
    try:
        words = [token.text for tokens in statements(body) for token in tokens if token.kind is not Kind.STRING]
    except UnreadableSqlError:
        return True
    for at, word in enumerate(words):
        if word == "execute" and words[at + 1 : at + 2] not in (["function"], ["procedure"]):
            return True
    return bool({*RIGHTS, *_DANGEROUS} & set(words)) or any(word.startswith("pg_auth") for word in words)


def _psql_command(text: str) -> None:
    if text.split(maxsplit=1)[0].lstrip("\\") in {
        "i",
        "ir",
        "include",
        "include_relative",
        "gexec",
        "!",
        "copy",
        "g",
        "o",
        "if",
        "elif",
        "else",
    }:
        raise NotUnderstoodError
