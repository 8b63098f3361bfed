"""Roster: the root of trust. Persons, keys, roles, processes, thresholds.

Version n names the digest of version n-1 and is signed by a threshold of the persons of
n-1; the first is signed by everyone it names and pinned by its fingerprint in each process.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from magistrate.domain.principal import Mode, Role
from magistrate.wire.document import Body, Digest, Line, Name


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One human being: SSH public keys (`ssh-ed25519 AAAA…`, no comment) and roles."""

    person: Name
    display_name: Line
    keys: tuple[Line, ...]
    roles: tuple[Role, ...]


class Processes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Public keys of processes, base64 of the raw 32 Ed25519 bytes; vkeys for log and witness."""

    front: Line
    control: Line
    gate: Line
    executors: tuple[Line, ...]
    log: Line
    witnesses: tuple[Line, ...]


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many distinct persons, or witnesses, a thing needs. Never below one."""

    roster: int
    policy: int
    witnesses: int


class Roster(Body, frozen=True, kw_only=True):
    """Body of a roster version."""

    NAME: ClassVar[str] = "roster"

    version: int
    previous: Digest | None
    mode: Mode
    persons: tuple[Person, ...]
    processes: Processes
    thresholds: Thresholds
