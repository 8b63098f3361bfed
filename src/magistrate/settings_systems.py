"""`[system.NAME]` of `magistrate.toml`: the systems whose entitlements and secrets the executor changes. Read by `settings` alone.

Rule kept: as the other settings, an unknown key, a wrong type or a value out of range is an error that names it; nothing is
guessed, and no password stands there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeVar

from magistrate.errors import Usage

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_HIGHEST_PORT: Final = 65535
_SERVERS_OWN: Final = ("pg_", "information_schema")
_NEEDED: Final = ("host", "database", "issuer", "group")
_PAIR: Final = 2
_PATHS: Final = ("sslrootcert", "passfile")
_T = TypeVar("_T")
Wrong = Callable[[str, str], Usage]
"""Makes the error for a setting by its full name, and says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSettings:
    """One PostgreSQL database: where it is, who issues roles there, and the group of these.

    `schemas` are those whose entitlements are changed (`docs/entitlements.md`), `logins` the two of a secret that opens it
    (`docs/rotate.md`); one of both is named at least. The words are libpq's where it has some.
    """

    host: str
    database: str
    issuer: str
    group: str
    schemas: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    port: int = 5432
    sslmode: str = "verify-full"
    sslrootcert: Path | None = None
    passfile: Path | None = None


def read_systems(said: object, home: Path, wrong: Wrong) -> Mapping[str, SystemSettings]:
    """What the table `system` says, by the name of each system; a path is read from `home` on.

    Raises:
        Usage: what `wrong` makes of the first setting that is not acceptable.
    """
    found = {}
    for name, table in typed(said, dict, "system", "must hold tables: `[system.NAME]`", wrong).items():
        full = f"system.{name}"
        if _NAME.match(name) is None:
            raise wrong(full, "holds lower-case letters, digits, dots and dashes only, in quotes where it has a dot")
        found[name] = _system(typed(table, dict, full, "must be a table", wrong), full, home, wrong)
    return found


def _system(table: Mapping[str, Any], full: str, home: Path, wrong: Wrong) -> SystemSettings:
    known = {one.name for one in fields(SystemSettings)}
    for key, value in table.items():
        of = f"{full}.{key}"
        if key not in known:
            raise wrong(of, "is no setting")
        if key == "port":
            if not 0 < typed(value, int, of, "must be a number", wrong) <= _HIGHEST_PORT:
                raise wrong(of, f"must be 1 to {_HIGHEST_PORT}")
        elif key not in {"schemas", "logins"} and not typed(value, str, of, "must be a text", wrong):
            raise wrong(of, "is empty")
    for key in _NEEDED:
        if key not in table:
            raise wrong(full, f"does not say `{key}`")
    if not {"schemas", "logins"} & set(table):
        raise wrong(full, "says neither `schemas` nor `logins`, so that nothing is changed there")
    paths = {key: home / table[key] for key in _PATHS if key in table}
    lists = {key: _names(table[key], f"{full}.{key}", wrong) for key in ("schemas", "logins") if key in table}
    if len(lists.get("logins", ("", ""))) != _PAIR:
        raise wrong(f"{full}.logins", "must name two logins, which have the secret in turn")
    return SystemSettings(**{**table, **paths, **lists})


def _names(said: object, of: str, wrong: Wrong) -> tuple[str, ...]:
    names = typed(said, list, of, "must be a list of names", wrong)
    for one in names:
        if not typed(one, str, of, "must be a list of names", wrong) or not one.isprintable():
            raise wrong(of, "holds what is no name")
        if one.startswith(_SERVERS_OWN):
            raise wrong(of, f"names `{one}`, which is the server's own")
    if not names or len(set(names)) < len(names):
        raise wrong(of, "must name each once, and one at least")
    return tuple(names)


def systems_text(systems: Mapping[str, SystemSettings], quoted: Callable[[str], str]) -> list[str]:
    """The lines of `magistrate.toml` that say the same."""
    lines: list[str] = []
    for name, system in systems.items():
        lines += [
            "",
            f"[system.{quoted(name)}]  # what the executor changes there: docs/entitlements.md, docs/rotate.md",
        ]
        for one in fields(SystemSettings):
            value = getattr(system, one.name)
            if value == ():
                continue
            if isinstance(value, tuple):
                lines.append(f"{one.name} = [{', '.join(map(quoted, value))}]")
            elif value is not None:
                lines.append(f"{one.name} = {value if isinstance(value, int) else quoted(str(value))}")
    return lines


def typed(value: object, kind: type[_T], full: str, what: str, wrong: Wrong) -> _T:
    """The value as what it is; one of another type, and a bool for a number, is what `wrong` makes of it (raises Usage)."""
    if type(value) is not kind:
        raise wrong(full, what)
    return value
