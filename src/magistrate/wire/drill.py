"""DrillOrder and DrillResult: proofs that the boundaries hold, for one repository and environment."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from magistrate.wire.document import Body, Digest, Line, Name

DRILL_SECONDS: Final = 7 * 24 * 3600
SCRATCH_PREFIX: Final = "drill-"
"""Repositories with this prefix belong to drills; nothing else may be named so."""


class DrillKind(StrEnum):
    """The four drills of R85."""

    LOG_TAMPER = "log_tamper"
    ENTITLEMENT = "entitlement"
    REVOCATION = "revocation"
    ROLLBACK = "rollback"


class DrillOrder(Body, frozen=True, kw_only=True):
    """Body, signed by an operator: run the four drills on a scratch repository of the gate."""

    NAME: ClassVar[str] = "drill_order"

    person: Name
    repository: Name
    environment: Name
    scratch: Name


class Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One probe: what was tried and whether the boundary held."""

    probe: Line
    held: bool
    seen: Line


class DrillResult(Body, frozen=True, kw_only=True):
    """Body, signed by the executor; counts until `expires` (seven days)."""

    NAME: ClassVar[str] = "drill_result"

    order: Digest
    kind: DrillKind
    repository: Name
    environment: Name
    passed: bool
    probes: tuple[Probe, ...]
