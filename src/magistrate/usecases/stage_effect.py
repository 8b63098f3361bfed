"""What is particular to a deployment or a change of entitlements: where it may go, and what its verdict says beside that of what it brings.

Rule kept (R5): what runs in an environment is infrastructure, and who may do what in a system are permissions. Whatever is
brought there, two people agree, one of the owning role; it is judged as one change since what is there now.
"""

from __future__ import annotations

from typing import Final

import msgspec

from magistrate.authority.stage_effect import verify_stage
from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.errors import Refused
from magistrate.ports import Repositories
from magistrate.wire.assessment import NoWayBackVerdict, SensitivityVerdict, Verdict
from magistrate.wire.canonical import digest
from magistrate.wire.effect import Deploy, RotateSecret, StageEffect
from magistrate.wire.policy_bundle import RepositoryPolicy, StagePolicy

WHOLE: Final = "*"
OVER: Final = "the old value is ended, and nobody has it to bring it back"
_NOTHING: Final = digest(b"")


def verify_stage_target(
    effect: StageEffect, branch: RepositoryPolicy, stage: StagePolicy, repositories: Repositories
) -> None:
    """Check that an effect brings the tip of the branch to where the stage stands.

    Raises:
        Refused: MAG-E124 when policy says otherwise of the stage, MAG-E464 when the branch or the stage is elsewhere by now,
            MAG-E463 for a tree that is not the one of its commit.
    """
    verify_stage(effect, stage)
    for ref, said in ((branch.ref, effect.commit), (effect.ref, effect.old)):
        tip = repositories.tip(effect.repository, ref)
        if tip != said:
            raise Refused(
                "MAG-E464", f"`{ref}` is at `{tip[:12] or 'nothing'}`, it was drafted on `{said[:12]}`",
                hint="draft it again",
            )  # fmt: skip
    for what, commit, tree in (("result", effect.commit, effect.result_tree), ("base", effect.old, effect.base_tree)):
        if repositories.tree(effect.repository, commit) != tree:
            raise Refused("MAG-E463", f"the {what} tree is not the tree of `{commit[:12]}`")


def compared_trees(effect: StageEffect, diff_sha256: str) -> tuple[str, str]:
    """The trees that are judged; the result alone where so much lies between that nobody compared it."""
    return (effect.result_tree if diff_sha256 == _NOTHING else effect.base_tree), effect.result_tree


def brought(verdict: Verdict, effect: StageEffect, diff_sha256: str) -> Verdict:
    """The verdict on what a stage is brought, with what that is in itself; it only adds."""
    kind, why = _in_itself(effect)
    said = [SensitivityVerdict(kind=kind, path=WHOLE, line=0, why=why)]
    if diff_sha256 == _NOTHING and effect.base_tree != effect.result_tree:
        why = "nothing is compared: too much differs from what is there"
        said.append(SensitivityVerdict(kind=ChangeClass.UNKNOWN, path=WHOLE, line=0, why=why))
    made = msgspec.structs.replace(
        verdict, classes=tuple(sorted({*verdict.classes, kind})), auto_eligible=False,
        strictness=Strictness.DENY if verdict.strictness is Strictness.DENY else Strictness.TWO,
        sensitivities=(*verdict.sensitivities, *said),
    )  # fmt: skip
    if not isinstance(effect, RotateSecret):
        return made
    lasting = NoWayBackVerdict(path=WHOLE, line=0, operation=f"rotate {effect.secret_id}", why=OVER)
    return msgspec.structs.replace(made, reversible="no", no_way_back=(*made.no_way_back, lasting))


def _in_itself(effect: StageEffect) -> tuple[ChangeClass, str]:
    at = f"`{effect.commit[:12]}`"
    if isinstance(effect, Deploy):
        return ChangeClass.INFRASTRUCTURE, f"what runs in `{effect.stage}` ({effect.environment}) becomes {at}"
    if isinstance(effect, RotateSecret):
        return ChangeClass.SECRETS, (
            f"`{effect.secret_id}` of `{effect.store}` ({effect.environment}) gets a new value for whom `{effect.document}`"
            f" names at {at}"
        )
    why = f"`{effect.system}` ({effect.environment}) gets the entitlements of `{effect.document}` at {at}"
    return ChangeClass.PERMISSIONS, why
