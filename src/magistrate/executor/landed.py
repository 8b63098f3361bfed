"""What landed here by the same hands, from the executor's own journal.

Rule kept (invariants 4, 8): the chain is not taken from control. Changes count for thirty days, or until
two people agreed to them as a whole; that they did is read from their own signatures.
"""

from __future__ import annotations

from typing import Final

from magistrate.authority.obligations import agreed_as_a_whole
from magistrate.domain.case import Companion
from magistrate.executor.casebook import Casebook
from magistrate.executor.work import decode_bundle
from magistrate.wire.approval import Approval
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitUpdate
from magistrate.wire.proposal import Proposal
from magistrate.wire.report import Outcome
from magistrate.wire.times import unix_seconds
from magistrate.wire.warrant import Warrant

WINDOW_SECONDS: Final = 30 * 24 * 3600 + 3600
"""An hour more than control's: the warrant is a little older than the landing that control counts from."""
PERSONS: Final = 2


def landed_by(
    book: Casebook, proposal: Proposal, effect: GitUpdate, deployment: str, now: int
) -> tuple[Companion, ...]:
    """Earlier changes to this ref by the proposal's agent or owner, oldest first.

    Raises:
        Refused: MAG-E382 when the journal holds a bundle that cannot be read.
    """
    found: list[Companion] = []
    for row in book.landed(effect.repository, effect.ref):
        bundle = decode_bundle(row.bundle)
        document = open_envelope(bundle.proposal, Proposal, deployment=deployment)
        if _landed_about(bundle, deployment) < now - WINDOW_SECONDS or not _same_hands(document.body, proposal):
            continue
        found.append(
            Companion(
                proposal=row.proposal, base_tree=row.base_tree, result_tree=row.result_tree, diff=b"", landed=True
            )
        )
        agreed = _agreed(bundle, deployment) if row.outcome == Outcome.SUCCEEDED else frozenset()
        if agreed:
            found = [one for one in found if one.proposal not in agreed | {row.proposal}]
    return tuple(found)


def _landed_about(bundle: CaseBundle, deployment: str) -> int:
    """When it was let land; Unix seconds."""
    if bundle.warrant is None:
        return unix_seconds(open_envelope(bundle.proposal, Proposal, deployment=deployment).issued)
    return unix_seconds(open_envelope(bundle.warrant, Warrant, deployment=deployment).issued)


def _same_hands(one: Proposal, other: Proposal) -> bool:
    return one.agent == other.agent or one.owner == other.owner


def _agreed(bundle: CaseBundle, deployment: str) -> frozenset[str]:
    """Whom two persons agreed to with this one; the bundle was admitted, so their signatures hold."""
    if bundle.decision is None:
        return frozenset()
    signers = {open_envelope(one, Approval, deployment=deployment).body.person for one in bundle.approvals}
    if len(signers) < PERSONS:
        return frozenset()
    return agreed_as_a_whole(open_envelope(bundle.decision, Decision, deployment=deployment).body)
