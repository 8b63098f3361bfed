"""What of an effect is judged, and how the verdict on its trees becomes the verdict on it.

Rule kept (R42, invariant 8): control, executor and whoever approves judge an effect by this one way, so that their verdicts
are equal to the byte.
"""

from __future__ import annotations

from magistrate.usecases.release import released
from magistrate.usecases.stage_effect import brought, compared_trees
from magistrate.wire.assessment import Verdict
from magistrate.wire.effect import GitEffect, GitUpdate, Release, StageEffect


def judged_trees(effect: GitEffect, diff_sha256: str) -> tuple[str, str]:
    """From which tree to which an effect is judged."""
    if isinstance(effect, StageEffect):
        return compared_trees(effect, diff_sha256)
    return effect.base_tree, effect.result_tree


def judged_on(effect: GitEffect) -> str | None:
    """The commit whose history may count as a premise; none for what brings the work of many commits at once."""
    return effect.old if isinstance(effect, GitUpdate) else None


def verdict_on(verdict: Verdict, effect: GitEffect, diff_sha256: str) -> Verdict:
    """The verdict on the trees of an effect, with what the effect is in itself."""
    if isinstance(effect, Release):
        return released(verdict, effect)
    return brought(verdict, effect, diff_sha256) if isinstance(effect, StageEffect) else verdict
