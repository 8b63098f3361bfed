"""Whether a deployment is one that policy allows, and brings what it says: the same for control, executor, gate and who approves."""

from __future__ import annotations

from magistrate.domain.stages import FOLLOW, DeployPlan, stage_ref
from magistrate.errors import Refused
from magistrate.wire.canonical import digest
from magistrate.wire.effect import Deploy
from magistrate.wire.policy_bundle import StagePolicy


def verify_stage(effect: Deploy, stage: StagePolicy) -> None:
    """Check that a deployment goes to the ref and environment of its stage, and that whatever watches the ref runs it.

    Raises:
        Refused: MAG-E124.
    """
    for what, said, ruled in (
        ("ref", effect.ref, stage_ref(stage.stage)),
        ("environment", effect.environment, stage.environment),
        ("command", effect.command_id, FOLLOW),
    ):
        if said != ruled:
            raise Refused("MAG-E124", f"the {what} of the deployment is `{said[:60]}`, of the stage `{ruled[:60]}`")


def otherwise(effect: Deploy, diff_sha256: str, found: DeployPlan) -> str:
    """What of a deployment is another one when it is made anew, in words; empty where it is what it says."""
    pairs = {
        "ref": (effect.ref, found.ref),
        "deployment before": (effect.old, found.old),
        "commit": (effect.commit, found.commit),
        "base tree": (effect.base_tree, found.base_tree),
        "result tree": (effect.result_tree, found.result_tree),
        "manifest": (effect.manifest_sha256, found.manifest_sha256),
        "artifact": (effect.artifact_digest, found.artifact_digest),
        "diff": (diff_sha256, digest(found.diff)),
    }
    for what, (said, seen) in pairs.items():
        if said != seen:
            return f"the {what} of the deployment is `{seen[:60] or 'none'}` here, it says `{said[:60] or 'none'}`"
    return ""
