"""Decision: what one change needs, by policy and floor; the executor recomputes it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from magistrate.domain.execution import Action
from magistrate.domain.impact import Strictness
from magistrate.domain.principal import Role
from magistrate.wire.document import Body, Digest, Line, Name


class Obligation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`count` distinct approvals, from persons with `role` (null: any reviewing role)."""

    role: Role | None
    count: int
    rule: Line


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rule said what, and what would relax it."""

    rule: Line
    source: Line
    why: Line
    relax: Line


class Decision(Body, frozen=True, kw_only=True):
    """Body, signed by control. `outcome_sha256` covers everything the executor recomputes."""

    NAME: ClassVar[str] = "decision"

    proposal: Digest
    assessment_verdict: Digest
    policy: Digest
    roster: Digest
    action: Action
    environment: Name
    strictness: Strictness
    obligations: tuple[Obligation, ...]
    reasons: tuple[Reason, ...]
