"""What an admitted warrant determines byte for byte: the commit of a change with its way back, and the tag of a release."""

from __future__ import annotations

from magistrate.authority.admission import Admitted
from magistrate.domain.execution import EXECUTOR_EMAIL, EXECUTOR_NAME
from magistrate.domain.tags import TAGS
from magistrate.executor.ports import CommitSpec
from magistrate.wire.effect import ChangeEntitlement, Deploy, GitUpdate, Release, RotateSecret, StageEffect
from magistrate.wire.times import unix_seconds


def commit_spec(admitted: Admitted, effect: GitUpdate | StageEffect) -> CommitSpec:
    """The commit that an admitted warrant authorises, byte for byte."""
    message = f"{_what(effect)} the approved proposal {_short(admitted)}\n\n{_trailers(admitted)}"
    return CommitSpec(
        tree=effect.result_tree, parent=effect.old, message=message, at=unix_seconds(admitted.warrant.issued)
    )


def _what(effect: GitUpdate | StageEffect) -> str:
    if isinstance(effect, RotateSecret):
        return f"Rotate {effect.secret_id} of {effect.store} for whom {effect.commit} names by"
    if isinstance(effect, ChangeEntitlement):
        return f"Give {effect.system} the entitlements of {effect.commit} by"
    return f"Deploy {effect.commit} to {effect.stage} by" if isinstance(effect, Deploy) else "Merge"


def inverse_spec(admitted: Admitted, commit: str) -> CommitSpec:
    """The way back, made before the way there: the tree before, on top of the commit."""
    message = f"Undo the proposal {_short(admitted)}: live verification failed\n\n{_trailers(admitted)}"
    return CommitSpec(
        tree=admitted.effect.base_tree, parent=commit, message=message, at=unix_seconds(admitted.warrant.issued)
    )


def tag_text(admitted: Admitted, effect: Release) -> bytes:
    """The tag that an admitted warrant authorises, as git keeps it, without its signature."""
    name = effect.ref.removeprefix(TAGS)
    at = unix_seconds(admitted.warrant.issued)
    lines = [
        f"object {effect.commit}", "type commit", f"tag {name}", f"tagger {EXECUTOR_NAME} <{EXECUTOR_EMAIL}> {at} +0000", "",
        f"Release {name}", "", _trailers(admitted),
    ]  # fmt: skip
    return "\n".join(lines).encode()


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
