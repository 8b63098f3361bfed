"""Decision: what one change needs, by policy and floor; the executor recomputes it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from magistrate.domain.execution import Action
from magistrate.domain.impact import ChangeClass, Strictness
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


class Chain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the change comes to together with others by the same hands (R31, R32).

    `members` are the other proposals, `landed` says how many of them have landed; `classes` and
    `strictness` are those of all as one change, `alone` is what this change asks for by itself, `why` is
    for people. When two people agreed because of the whole (`alone` asked for less), the members that
    landed are settled: they count again only where a later change wakes them.
    """

    members: tuple[Digest, ...]
    landed: int
    verdict_sha256: Digest
    strictness: Strictness
    alone: Strictness
    classes: tuple[ChangeClass, ...]
    why: Line


class Decision(Body, frozen=True, kw_only=True, omit_defaults=True):
    """Body, signed by control; the executor recomputes it. `chain` is left out where the change stands alone."""

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
    chain: Chain | None = None
