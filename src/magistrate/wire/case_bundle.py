"""CaseBundle: everything about one case, as handed to people, executor and gate.

It carries signed envelopes and the recomputed diff and is itself unsigned: a reader
believes only what verifies inside.
"""

from __future__ import annotations

import msgspec

from magistrate.wire.envelope import Envelope


class CaseBundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`diff` is base64 of the recomputed diff; `warrant_proof` is a C2SP tlog-proof text.

    `warrant_leaf` and `warrant_salt` (base64) open the log leaf of `warrant.issued`. `promotions` stand in for approvals
    where nobody was asked.
    """

    roster: tuple[Envelope, ...]
    policy: Envelope
    manifest: Envelope
    session: Envelope
    proposal: Envelope
    assessment: Envelope | None
    evidence: tuple[Envelope, ...]
    decision: Envelope | None
    approvals: tuple[Envelope, ...]
    warrant: Envelope | None
    warrant_leaf: str
    warrant_salt: str
    warrant_proof: str
    diff: str
    prompt: str
    rationale: str
    promotions: tuple[Envelope, ...] = ()
