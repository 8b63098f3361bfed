"""What landed by the same hands, from the executor's own journal.

Rule kept (invariants 4, 8): the chain is not taken from control. Changes count for thirty days; that two people
agreed to them as a whole is read from their own signatures, and these count on only where a later one wakes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Earlier changes by the same hands, oldest first: `here` to the same ref, `elsewhere` to any other that this executor serves."""

    here: tuple[Companion, ...]
    elsewhere: tuple[Companion, ...]


def landed_by(book: Casebook, proposal: Proposal, effect: GitUpdate, deployment: str, now: int) -> Landed:
    """What the proposal's agent or owner let land here (R32, R34).

    What two persons agreed to as a whole, wherever it landed, is marked as settled.

    Raises:
        Refused: MAG-E382 when the journal holds a bundle that cannot be read.
    """
    rows = book.landed()
    standing = {(row.repository, row.ref): row.result_tree for row in rows if row.outcome == Outcome.SUCCEEDED}
    found: list[Companion] = []
    for row in rows:
        bundle = decode_bundle(row.bundle)
        document = open_envelope(bundle.proposal, Proposal, deployment=deployment)
        if not isinstance(document.body.effect, GitUpdate):
            continue  # a release lands nothing: what it brings landed before it
        if _landed_about(bundle, deployment) < now - WINDOW_SECONDS or not _same_hands(document.body, proposal):
            continue
        place = row.repository, row.ref
        found.append(
            Companion(
                proposal=row.proposal, base_tree=row.base_tree, result_tree=row.result_tree, diff=b"", landed=True,
                repository=row.repository, ref=row.ref, tip_tree=standing.get(place, row.result_tree),
            )
        )  # fmt: skip
        agreed = _agreed(bundle, deployment) if row.outcome == Outcome.SUCCEEDED else frozenset()
        if agreed:
            gone = agreed | {row.proposal}
            found = [replace(one, settled=True) if one.proposal in gone else one for one in found]
    mine = effect.repository, effect.ref
    return Landed(
        here=tuple(one for one in found if (one.repository, one.ref) == mine),
        elsewhere=tuple(one for one in found if (one.repository, one.ref) != mine),
    )


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
