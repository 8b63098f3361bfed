"""Freeze and Thaw: stop always works. One operator freezes, two persons thaw."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from magistrate.wire.document import Body, Digest, Line, Name


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is frozen; null means all of that kind."""

    repository: Name | None
    environment: Name | None
    agent: Name | None
    change_class: Name | None


class Freeze(Body, frozen=True, kw_only=True):
    """Body, signed by any one operator; `epoch` only rises."""

    NAME: ClassVar[str] = "freeze"

    person: Name
    scope: Scope
    reason: Line
    epoch: int


class Thaw(Body, frozen=True, kw_only=True):
    """Body, signed by two persons; names the freeze that it lifts."""

    NAME: ClassVar[str] = "thaw"

    freeze: Digest
    reason: Line
    epoch: int
