"""Rejection: one person's signed no, with the reason."""

from __future__ import annotations

from typing import ClassVar

from magistrate.wire.document import Body, Digest, Line, Name


class Rejection(Body, frozen=True, kw_only=True):
    """Body; one rejection ends a case."""

    NAME: ClassVar[str] = "rejection"

    person: Name
    proposal: Digest
    reason: Line
