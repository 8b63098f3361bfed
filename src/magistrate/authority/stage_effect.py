"""Whether a stage is brought up to date as policy allows, and with what it says: the same for control, executor, gate and who approves."""

from __future__ import annotations

from typing import Final

from magistrate.authority.remade import otherwise_than
from magistrate.domain.entitlements import Entitlement, text_of
from magistrate.domain.stages import DEPLOYED, FOLLOW, StageKind, StagePlan, stage_ref
from magistrate.errors import Refused
from magistrate.wire.canonical import digest
from magistrate.wire.effect import Deploy, RotateSecret, StageEffect
from magistrate.wire.policy_bundle import StagePolicy

_NONE: Final = "none"


def verify_stage(effect: StageEffect, stage: StagePolicy) -> None:
    """Check that an effect goes to the ref and environment of its stage, and does there what policy says is done.

    A stage without a system is deployed to, and its target or else whatever watches the ref runs it; one with a system has the entitlements of
    its document changed, or its secret rotated where it has one.

    Raises:
        Refused: MAG-E124.
    """
    if isinstance(effect, Deploy):
        done = {"system": _NONE, "document": _NONE, "secret": _NONE, "command": effect.command_id}
    elif isinstance(effect, RotateSecret):
        done = {"system": effect.store, "document": effect.document, "secret": effect.secret_id}
    else:
        done = {"system": effect.system, "document": effect.document, "secret": _NONE}
    ruled = {
        "ref": stage_ref(stage.stage), "environment": stage.environment, "system": stage.system or _NONE,
        "document": stage.document or _NONE, "secret": stage.secret or _NONE, "command": stage.target or FOLLOW,
    }  # fmt: skip
    for what, said in {"ref": effect.ref, "environment": effect.environment, **done}.items():
        if said != ruled[what]:
            raise Refused(
                "MAG-E124", f"the {what} of `{effect.stage[:60]}` is `{said[:60]}`, of the stage `{ruled[what][:60]}`"
            )


def entitlements_digest(entitlements: frozenset[Entitlement]) -> str:
    """The digest by which an effect names what is given away."""
    return digest(text_of(entitlements).encode())


def kind_of(effect: StageEffect) -> StageKind:
    """What an effect says is done in its stage."""
    if isinstance(effect, Deploy):
        return DEPLOYED
    return StageKind(document=effect.document, secret=effect.secret_id if isinstance(effect, RotateSecret) else None)


def otherwise(effect: StageEffect, diff_sha256: str, found: StagePlan) -> str:
    """What of an effect is another one when it is made anew, in words; empty where it is what it says."""
    pairs = {
        "ref": (effect.ref, found.ref),
        "commit before": (effect.old, found.old),
        "commit": (effect.commit, found.commit),
        "base tree": (effect.base_tree, found.base_tree),
        "result tree": (effect.result_tree, found.result_tree),
        "manifest": (effect.manifest_sha256, found.manifest_sha256),
        "diff": (diff_sha256, digest(found.diff)),
    }
    if isinstance(effect, Deploy):
        pairs["artifact"] = (effect.artifact_digest, found.artifact_digest)
    elif isinstance(effect, RotateSecret):
        pairs["uses of the secret"] = (effect.consumers_digest, found.consumers_digest)
    else:
        pairs["entitlements before"] = (effect.before_digest, found.before_digest)
        pairs["entitlements after"] = (effect.after_digest, found.after_digest)
    return otherwise_than(f"`{effect.stage[:60]}`", pairs)
