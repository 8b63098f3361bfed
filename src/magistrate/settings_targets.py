"""`[target.NAME]` of `magistrate.toml`: the hosts whose one program the executor runs by SSH. Read by `settings` alone.

Rule kept: as the other settings, an unknown key, a wrong type or a value out of range is an error that names it; nothing is
guessed, and no key stands there. A CA key and a list of revoked keys belong to one target: two brokers with one list would each
undo what the other revoked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from magistrate.settings_systems import Wrong, typed

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_HIGHEST_PORT: Final = 65535
MOST_SECONDS: Final = 60
"""No longer than a lease (`wire.lease`, which the settings must not load)."""
_NUMBERS: Final = {"port": _HIGHEST_PORT, "seconds": MOST_SECONDS}
_PATHS: Final = ("known_hosts", "authority", "revocations")
_DEFAULTED: Final = ("port", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """One target: where sshd is, who logs in, and which program runs there; `docs/credentials-ssh.md` has what each is for.

    `known_hosts` holds the pinned host key, `authority` the CA key, `revocations` is what sshd reads as `RevokedKeys`;
    `source_addresses` is where the executor may come from, `seconds` how long the program may take.
    """

    host: str
    user: str
    program: str
    known_hosts: Path
    authority: Path
    revocations: Path
    source_addresses: tuple[str, ...]
    port: int = 22
    seconds: int = 50


def read_targets(said: object, home: Path, wrong: Wrong) -> Mapping[str, TargetSettings]:
    """What the table `target` says, by the name of each target; a path is read from `home` on.

    Raises:
        Usage: what `wrong` makes of the first setting that is not acceptable.
    """
    found: dict[str, TargetSettings] = {}
    owned: dict[Path, str] = {}
    for name, table in typed(said, dict, "target", "must hold tables: `[target.NAME]`", wrong).items():
        full = f"target.{name}"
        if _NAME.match(name) is None:
            raise wrong(full, "holds lower-case letters, digits, dots and dashes only, in quotes where it has a dot")
        found[name] = target = _target(typed(table, dict, full, "must be a table", wrong), full, home, wrong)
        for key in ("authority", "revocations"):
            path = Path(getattr(target, key)).resolve()
            if path in owned:
                raise wrong(f"{full}.{key}", f"is `{owned[path]}` as well; each is of one target alone")
            owned[path] = f"{full}.{key}"
    return found


def _target(table: Mapping[str, Any], full: str, home: Path, wrong: Wrong) -> TargetSettings:
    known = {one.name for one in fields(TargetSettings)}
    for key, value in table.items():
        of = f"{full}.{key}"
        if key not in known:
            raise wrong(of, "is no setting")
        if key in _NUMBERS:
            if not 0 < typed(value, int, of, "must be a whole number", wrong) <= _NUMBERS[key]:
                raise wrong(of, f"must be 1 to {_NUMBERS[key]}")
        elif key != "source_addresses" and not typed(value, str, of, "must be a text", wrong):
            raise wrong(of, "is empty")
    for key in known - set(_DEFAULTED):
        if key not in table:
            raise wrong(full, f"does not say `{key}`")
    paths = {key: home / table[key] for key in _PATHS}
    sources = _addresses(table["source_addresses"], f"{full}.source_addresses", wrong)
    return TargetSettings(**{**table, **paths, "source_addresses": sources})


def _addresses(said: object, of: str, wrong: Wrong) -> tuple[str, ...]:
    addresses = typed(said, list, of, "must be a list of addresses", wrong)
    for one in addresses:
        typed(one, str, of, "must be a list of addresses", wrong)
    if not addresses or len(set(addresses)) < len(addresses):
        raise wrong(of, "must name each once, and one at least")
    return tuple(addresses)


def targets_text(targets: Mapping[str, TargetSettings], quoted: Callable[[str], str]) -> list[str]:
    """The lines of `magistrate.toml` that say the same."""
    lines: list[str] = []
    for name, target in targets.items():
        lines += ["", f"[target.{quoted(name)}]  # whose one program the executor runs: docs/credentials-ssh.md"]
        for one in fields(TargetSettings):
            value = getattr(target, one.name)
            if isinstance(value, tuple):
                lines.append(f"{one.name} = [{', '.join(map(quoted, value))}]")
            else:
                lines.append(f"{one.name} = {value if isinstance(value, int) else quoted(str(value))}")
    return lines
