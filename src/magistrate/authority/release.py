"""What a release may be called, and whether it brings what it says: the same for control, executor and who approves."""

from __future__ import annotations

from magistrate.authority.remade import otherwise_than
from magistrate.domain.tags import ReleasePlan, follows
from magistrate.errors import Refused
from magistrate.wire.canonical import digest
from magistrate.wire.effect import Release
from magistrate.wire.policy_bundle import RepositoryPolicy


def verify_name(effect: Release, policy: RepositoryPolicy) -> None:
    """Check that policy lets this repository be released, and that the tag follows from the release before.

    Raises:
        Refused: MAG-E124.
    """
    if policy.release_tags is None:
        raise Refused("MAG-E124", f"policy lets nobody release `{policy.repository}`")
    if not follows(effect.ref, effect.previous, policy.release_tags):
        raise Refused("MAG-E124", f"`{effect.ref[:80]}` does not follow from `{effect.previous[:80] or 'none'}`")


def differs(effect: Release, diff_sha256: str, found: ReleasePlan) -> str:
    """What of a release is another one when it is compared anew, in words; empty where it is what it says."""
    pairs = {
        "tag": (effect.ref, found.ref),
        "commit": (effect.commit, found.commit),
        "release before": (effect.previous, found.previous),
        "base tree": (effect.base_tree, found.base_tree),
        "result tree": (effect.result_tree, found.result_tree),
        "manifest": (effect.manifest_sha256, found.manifest_sha256),
        "diff": (diff_sha256, digest(found.diff)),
    }
    return otherwise_than("the release", pairs)
