"""Proposal: an immutable draft, named by its digest and signed by front for a session."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from magistrate.domain.execution import Action
from magistrate.wire.document import Body, Digest, Identifier, Line, Name
from magistrate.wire.effect import Effect


class Provenance(StrEnum):
    """Observed at our own endpoint, or claimed by an outside assistant (never trusted)."""

    OBSERVED = "observed"
    CLAIMED = "claimed"


class Proposal(Body, frozen=True, kw_only=True):
    """Body. Texts (prompt, rationale, diff) are referred to by digest or keyed commitment.

    `diff_sha256` is over the diff recomputed from the trees, never over the submitted text.
    `prompt_commitment` is an HMAC of the raw prompt; `prompt_sha256` is over the redacted one.
    `kind_commitment` hides whether this is an ordinary proposal or a canary.
    """

    NAME: ClassVar[str] = "proposal"

    session: Identifier
    session_digest: Digest
    agent: Name
    owner: Name
    model: Line
    finding: Line
    action: Action
    effect: Effect
    diff_sha256: Digest
    prompt_sha256: Digest
    prompt_commitment: Digest
    rationale_sha256: Digest
    context: tuple[Digest, ...]
    context_gaps: tuple[Line, ...]
    provenance: Provenance
    kind_commitment: Digest
