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
from magistrate.wire.assessment import SensitivityVerdict, Verdict
from magistrate.wire.canonical import digest
from magistrate.wire.effect import Deploy, StageEffect
from magistrate.wire.policy_bundle import RepositoryPolicy, StagePolicy

WHOLE: Final = "*"
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
    if isinstance(effect, Deploy):
        kind, why = (
            ChangeClass.INFRASTRUCTURE,
            f"what runs in `{effect.stage}` ({effect.environment}) becomes `{effect.commit[:12]}`",
        )
    else:
        kind = ChangeClass.PERMISSIONS
        why = f"`{effect.system}` ({effect.environment}) gets the entitlements of `{effect.document}` at `{effect.commit[:12]}`"
    said = [SensitivityVerdict(kind=kind, path=WHOLE, line=0, why=why)]
    if diff_sha256 == _NOTHING:
        why = "nothing is compared: too much differs from what is there"
        said.append(SensitivityVerdict(kind=ChangeClass.UNKNOWN, path=WHOLE, line=0, why=why))
    return msgspec.structs.replace(
        verdict, classes=tuple(sorted({*verdict.classes, kind})), auto_eligible=False,
        strictness=Strictness.DENY if verdict.strictness is Strictness.DENY else Strictness.TWO,
        sensitivities=(*verdict.sensitivities, *said),
    )  # fmt: skip
