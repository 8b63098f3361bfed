"""What landed here by the same hands, from the executor's own journal.

Rule kept (invariants 4, 8): the chain is not taken from control. Changes count from the last one on
that people agreed to as the end of a chain, for thirty days at most.
"""

from __future__ import annotations

from typing import Final

from magistrate.domain.case import Companion
from magistrate.domain.impact import Strictness
from magistrate.executor.casebook import Casebook
from magistrate.executor.work import decode_bundle
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.decision import Decision
from magistrate.wire.document import open_envelope
from magistrate.wire.effect import GitUpdate
from magistrate.wire.proposal import Proposal
from magistrate.wire.times import unix_seconds

WINDOW_SECONDS: Final = 30 * 24 * 3600


def landed_by(
    book: Casebook, proposal: Proposal, effect: GitUpdate, deployment: str, now: int
) -> tuple[Companion, ...]:
    """Earlier changes to this ref by the proposal's agent or owner, oldest first.

    Raises:
        Refused: MAG-E382 when the journal holds a bundle that cannot be read.
    """
    found: list[Companion] = []
    for row in book.succeeded(effect.repository, effect.ref):
        bundle = decode_bundle(row.bundle)
        document = open_envelope(bundle.proposal, Proposal, deployment=deployment)
        if unix_seconds(document.issued) < now - WINDOW_SECONDS or not _same_hands(document.body, proposal):
            continue
        if _whole_was_agreed(bundle, deployment):
            found.clear()
            continue
        found.append(
            Companion(
                proposal=row.proposal, base_tree=row.base_tree, result_tree=row.result_tree, diff=b"", landed=True
            )
        )
    return tuple(found)


def _same_hands(one: Proposal, other: Proposal) -> bool:
    return one.agent == other.agent or one.owner == other.owner


def _whole_was_agreed(bundle: CaseBundle, deployment: str) -> bool:
    if bundle.decision is None:
        return False
    chain = open_envelope(bundle.decision, Decision, deployment=deployment).body.chain
    return chain is not None and chain.strictness is Strictness.TWO
