"""What nobody approved one by one the gate judges for itself.

Rule kept (invariants 3 and 8): a push under a promotion carries no signature of a person over its bytes, so that whoever
holds control's key and an executor's could name anything harmless. The gate rebuilds the change from its own objects and
asks its own pinned assessor; a verdict that differs by one byte gets no credential.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from magistrate.authority.admission import Admitted
from magistrate.errors import Refused
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import digest_of
from magistrate.wire.effect import GitUpdate


class Judge(Protocol):
    """The gate's own assessor, over the gate's own repositories."""

    def verdict(self, effect: GitUpdate, diff: bytes, proposal: str) -> Verdict:
        """Rebuild what a diff does, and judge it; raises Refused when it does something else, Unavailable."""


async def verify_judged(judge: Judge, admitted: Admitted) -> None:
    """Check the verdict that a promoted change rests on; does nothing where people approved.

    Raises:
        Refused: MAG-E350 for another verdict or another version of the assessor.
        Unavailable: when it cannot be judged here; no credential then.
    """
    effect = admitted.effect
    if not admitted.promotions:
        return
    if not isinstance(effect, GitUpdate):
        raise Refused("MAG-E350", "only merges can be automatic")
    found = await asyncio.to_thread(judge.verdict, effect, admitted.diff, admitted.proposal_digest)
    named = admitted.warrant.body.assessment_verdict
    if digest_of(found) != named:
        what = (
            "another version of the assessor"
            if found.assessor != admitted.verdict.assessor
            else "judged otherwise here"
        )
        raise Refused(
            "MAG-E350", f"{what}: `{digest_of(found)[:23]}`, the warrant rests on `{named[:23]}`",
            hint="nothing is automatic until gate, executor and control agree",
        )  # fmt: skip
