"""Supersede: a new draft takes the place of an earlier one of the same agent, for the same finding and target.

Rule kept (R13, R47): only what the same agent of the same owner drafted for the same finding on the
same ref, and only before it executes; the earlier case ends in the transaction that seals the new
one, its approvals count for nothing, and the story of each names the other.
"""

from __future__ import annotations

from magistrate.domain.case import Case, CaseFacts
from magistrate.domain.events import Event
from magistrate.domain.lifecycle import CaseState
from magistrate.errors import NotFound, Refused
from magistrate.ports import Unit
from magistrate.usecases.stale import BEFORE_EXECUTION
from magistrate.usecases.transition import Occasion, move
from magistrate.wire.approval import Approval
from magistrate.wire.canonical import verify_digest_shape

_SHORT = slice(7, 19)


def verify_supersedable(unit: Unit, named: str, new: CaseFacts) -> Case:
    """Return the earlier case that a new one may take the place of.

    Raises:
        Refused: MAG-E470 when this agent drafted no such proposal for this finding and target (nothing is
            said of proposals of others), MAG-E465 when the earlier one executes or has ended.
        Usage: MAG-E108 when `named` is no digest.
    """
    try:
        earlier = unit.case(verify_digest_shape(named))
    except NotFound:
        earlier = None
    if earlier is None or _place(earlier.facts) != _place(new):
        raise Refused(
            "MAG-E470", f"`{named[_SHORT]}` is no proposal of this agent for this finding and target",
            hint="leave `supersedes` out, or name a proposal of your own for the same finding",
        )  # fmt: skip
    standing = earlier.standing
    if standing.state not in BEFORE_EXECUTION or standing.taken is not None:
        where = "in the executor's hands" if standing.state in BEFORE_EXECUTION else f"`{standing.state}`"
        raise Refused("MAG-E465", f"`{named[_SHORT]}` is {where}: it cannot be superseded any more")
    return earlier


def end_superseded(unit: Unit, earlier: Case, by: str, now: int) -> Case:
    """End the earlier case; `by` is the digest of the new proposal."""
    void = [envelope.payload_digest() for envelope in unit.documents(Approval.NAME, earlier.facts.proposal)]
    why = f"superseded by {by[_SHORT]}"
    facts = {"why": why, "superseded_by": by, "void_approvals": " ".join(void)}
    occasion = Occasion(event=Event.CASE_CLOSED, now=now, facts=facts)
    return move(unit, earlier, (CaseState.SUPERSEDED,), occasion, why=why)[0]


def _place(facts: CaseFacts) -> tuple[str, ...]:
    return (facts.agent, facts.owner, facts.finding, facts.repository, facts.ref, facts.environment)
