"""Warrant: signed authority for one action, once, for five minutes."""

from __future__ import annotations

from typing import ClassVar, Final

from magistrate.domain.execution import Action
from magistrate.wire.document import Body, Digest, Line, Name
from magistrate.wire.effect import Effect

WARRANT_SECONDS: Final = 300


class Warrant(Body, frozen=True, kw_only=True, omit_defaults=True):
    """Body, signed by control; worth nothing without the approvals, or else the promotions, that it names.

    `executor` is the key id of the only executor that may use it. `promotions` are left out where people approved.
    """

    NAME: ClassVar[str] = "warrant"

    executor: Line
    proposal: Digest
    decision: Digest
    assessment_verdict: Digest
    policy: Digest
    roster: Digest
    approvals: tuple[Digest, ...]
    action: Action
    environment: Name
    effect: Effect
    promotions: tuple[Digest, ...] = ()
