"""Closure: one person's word that a halted case is over; control, executor and gate obey enough of them."""

from __future__ import annotations

from typing import ClassVar

from magistrate.wire.document import Body, Digest, Line, Name


class Closure(Body, frozen=True, kw_only=True):
    """Body, signed by one person who looked at the ref where a halted case left it.

    `tip` is the commit at which it stood then (empty: the ref is absent): words about another
    commit do not count together. `self_reviewed` marks the only person of a solo deployment.
    """

    NAME: ClassVar[str] = "closure"

    person: Name
    proposal: Digest
    repository: Name
    ref: Line
    tip: Line
    reason: Line
    self_reviewed: bool
