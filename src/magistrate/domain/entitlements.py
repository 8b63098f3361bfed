"""Entitlements of one system as a document says them: who may do what to which object, one grant a statement.

Rule kept (R5, R28): a document is read whole or refused; each right of each holder on each object is told apart, so that two
documents are equal exactly when they give away the same. The words are SQL's own (`GRANT` of PostgreSQL), a strict part of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Final

from magistrate.errors import Refused

PUBLIC: Final = ""
"""The holder of what everybody may."""
MAX_BYTES: Final = 4_000_000
MAX_ENTITLEMENTS: Final = 100_000


class ObjectKind(StrEnum):
    """What a right is about; a view counts as a table, a procedure as a function, as in `GRANT`."""

    SCHEMA = "SCHEMA"
    TABLE = "TABLE"
    SEQUENCE = "SEQUENCE"
    FUNCTION = "FUNCTION"


RIGHTS: Final = {
    ObjectKind.SCHEMA: frozenset({"CREATE", "USAGE"}),
    ObjectKind.TABLE: frozenset({
        "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN",
    }),
    ObjectKind.SEQUENCE: frozenset({"SELECT", "UPDATE", "USAGE"}),
    ObjectKind.FUNCTION: frozenset({"EXECUTE"}),
}  # fmt: skip
COLUMN_RIGHTS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Entitlement:
    """One right of one holder on one object, or on one of its columns; `PUBLIC` holds what everybody may.

    `schema` and `name` are plain, not quoted; a schema has no `name`. `arguments` are the types that
    a function takes in, as the server writes them.
    """

    kind: ObjectKind
    schema: str
    name: str = ""
    arguments: str = ""
    column: str = ""
    holder: str
    right: str
    grantable: bool = False


_WORD: Final = r'(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")'
_STATEMENT: Final = re.compile(
    rf"GRANT (?P<rights>[A-Z]+(?:, ?[A-Z]+)*)(?: \((?P<columns>{_WORD}(?:, ?{_WORD})*)\))?"
    rf" ON (?P<kind>SCHEMA|TABLE|SEQUENCE|FUNCTION) (?P<schema>{_WORD})(?:\.(?P<name>{_WORD}))?"
    rf"(?:\((?P<arguments>(?:[^();\"]|\"[^\"]*\")*)\))?"
    rf" TO (?P<holders>(?:PUBLIC|{_WORD})(?:, ?(?:PUBLIC|{_WORD}))*)(?P<grantable> WITH GRANT OPTION)?;"
)
_WORDS: Final = re.compile(_WORD)
_TAKEN: Final = frozenset({"public", "none", "current_user", "current_role", "session_user"})
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_TYPE: Final = rf"{_WORD}(?:[ .]{_WORD})*(?:\[\])*"
_ARGUMENTS: Final = re.compile(rf"(?:{_TYPE}(?:, {_TYPE})*)?\Z")


def entitlements_of(text: str) -> frozenset[Entitlement]:
    """Read a document: one statement a line; blank lines and lines of comment (`--`) say nothing.

    Raises:
        Refused: MAG-E315 naming the line that is none of these.
    """
    if len(text) > MAX_BYTES:
        raise Refused("MAG-E315", f"entitlements: more than {MAX_BYTES} characters")
    found: set[Entitlement] = set()
    for number, line in enumerate(text.split("\n"), 1):
        said = line.strip(" \t\r")
        if not said.replace("\t", " ").isprintable():
            raise _wrong(number, "holds a character that is not seen")
        if said and not said.startswith("--"):
            found.update(_read(said, number))
        if len(found) > MAX_ENTITLEMENTS:
            raise Refused("MAG-E315", f"entitlements: more than {MAX_ENTITLEMENTS}")
    for one in found:
        if one.grantable and replace(one, grantable=False) in found:
            raise Refused(
                "MAG-E315",
                f"entitlements: `{one.right}` of `{one.holder or 'PUBLIC'}` is there with and without GRANT OPTION",
            )
    return frozenset(found)


def _read(said: str, number: int) -> Iterator[Entitlement]:
    match = _STATEMENT.fullmatch(said)
    if match is None:
        raise _wrong(number, "is no `GRANT rights ON kind schema.object TO holder;`")
    kind, name, arguments = ObjectKind(match["kind"]), match["name"], match["arguments"]
    rights = [one.strip() for one in match["rights"].split(",")]
    columns = [_plain(one) for one in _WORDS.findall(match["columns"] or "")]
    unknown = set(rights) - (COLUMN_RIGHTS if columns else RIGHTS[kind])
    for wrong, why in (
        ((name is None) is not (kind is ObjectKind.SCHEMA), f"names no {kind.lower()} of a schema"),
        ((arguments is None) is (kind is ObjectKind.FUNCTION), "must say the types of a function's arguments, and of nothing else"),
        (arguments is not None and _ARGUMENTS.match(arguments) is None, "writes types as the server does not"),
        (bool(columns) and kind is not ObjectKind.TABLE, "names columns of what has none"),
        (bool(columns) and len(rights) > 1, "gives several rights on columns: SQL reads all but the last as rights on the table"),
        (bool(unknown), f"gives `{min(unknown, default='')[:20]}`, which is no right on that"),
    ):  # fmt: skip
        if wrong:
            raise _wrong(number, why)
    holders = re.findall(rf"PUBLIC|{_WORD}", match["holders"])
    if len(rights) * max(1, len(columns)) * len(holders) > MAX_ENTITLEMENTS:
        raise _wrong(number, f"gives more than {MAX_ENTITLEMENTS} rights at once")
    for holder in holders:
        if holder == "PUBLIC" and match["grantable"] is not None:
            raise _wrong(number, "lets everybody hand a right on, which no server does")
        if _plain(holder) in _TAKEN:
            raise _wrong(number, f"gives something to `{holder}`, which SQL reads as something else than a role")
        for right in rights:
            for column in columns or [""]:
                yield Entitlement(
                    kind=kind, schema=_plain(match["schema"]), name=_plain(name or ""), arguments=arguments or "",
                    column=column, holder=PUBLIC if holder == "PUBLIC" else _plain(holder), right=right,
                    grantable=match["grantable"] is not None,
                )  # fmt: skip


def text_of(entitlements: Collection[Entitlement]) -> str:
    """The one text of a set of entitlements: its digest is that of what is given away, whatever order or comment."""
    return "".join(f"{line}\n" for line in _lines(sorted(entitlements)))


def _lines(ordered: Iterable[Entitlement]) -> Iterator[str]:
    for (kind, schema, name, arguments, column, holder), group in groupby(
        ordered, lambda one: (one.kind, one.schema, one.name, one.arguments, one.column, one.holder)
    ):
        of = quoted(schema) + (f".{quoted(name)}" if name else "")
        of += f"({arguments})" if kind is ObjectKind.FUNCTION else ""
        on = f"{f' ({quoted(column)})' if column else ''} ON {kind} {of} TO {quoted(holder) if holder else 'PUBLIC'}"
        members = list(group)
        for grantable, end in ((False, ";"), (True, " WITH GRANT OPTION;")):
            rights = [one.right for one in members if one.grantable is grantable]
            if rights and column:
                yield from (f"GRANT {right}{on}{end}" for right in rights)
            elif rights:
                yield f"GRANT {', '.join(rights)}{on}{end}"


def quoted(name: str) -> str:
    """A name as SQL reads it: plain where it can be, else in quotes."""
    return name if _PLAIN.match(name) else '"' + name.replace('"', '""') + '"'


def _plain(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _wrong(number: int, why: str) -> Refused:
    return Refused(
        "MAG-E315", f"line {number} of the entitlements {why}", hint="docs/entitlements.md has the form; `magistrate entitlements SYSTEM` writes it"
    )  # fmt: skip
