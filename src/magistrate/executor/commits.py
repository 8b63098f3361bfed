"""The two commits that an admitted warrant determines: the change, and the way back made before it."""

from __future__ import annotations

from magistrate.authority.admission import Admitted
from magistrate.executor.ports import CommitSpec
from magistrate.wire.times import unix_seconds


def commit_spec(admitted: Admitted) -> CommitSpec:
    """The commit that an admitted warrant authorises, byte for byte."""
    effect = admitted.effect
    message = f"Merge the approved proposal {_short(admitted)}\n\n{_trailers(admitted)}"
    return CommitSpec(
        tree=effect.result_tree, parent=effect.old, message=message, at=unix_seconds(admitted.warrant.issued)
    )


def inverse_spec(admitted: Admitted, commit: str) -> CommitSpec:
    """The way back, made before the way there: the tree before, on top of the commit."""
    message = f"Undo the proposal {_short(admitted)}: live verification failed\n\n{_trailers(admitted)}"
    return CommitSpec(
        tree=admitted.effect.base_tree, parent=commit, message=message, at=unix_seconds(admitted.warrant.issued)
    )


def _short(admitted: Admitted) -> str:
    return admitted.proposal_digest.removeprefix("sha256:")[:12]


def _trailers(admitted: Admitted) -> str:
    people = sorted({given.person.person for given in admitted.approvals})
    lines = [
        f"Magistrate-Proposal: {admitted.proposal_digest}",
        f"Magistrate-Warrant: {admitted.warrant_digest}",
        *(f"Reviewed-by: {person}" for person in people),
    ]
    return "\n".join(lines) + "\n"
