"""Lease: the credential held under one warrant, from before it is minted until it is dead."""

from __future__ import annotations

from typing import ClassVar, Final

from magistrate.domain.execution import LeasePurpose, LeaseState
from magistrate.wire.document import Body, Digest, GitId, Line, Name

LEASE_SECONDS: Final = 60


class Lease(Body, frozen=True, kw_only=True):
    """Body, signed by the executor; `REQUESTED` is what it hands to the gate.

    `commit` is the exact new value of the ref; `reason` says why the privilege exists.
    """

    NAME: ClassVar[str] = "lease"

    warrant: Digest
    proposal: Digest
    purpose: LeasePurpose
    state: LeaseState
    repository: Name
    ref: Line
    old: GitId
    commit: GitId
    tree: GitId
    reason: Line
