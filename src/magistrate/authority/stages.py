"""Stages as policy gives them: what can be one, and the repository as it is in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from magistrate.domain.stages import FOLLOW, LONGEST_SOAK, STAGE, STAGES, stage_ref
from magistrate.errors import Refused
from magistrate.wire.policy_bundle import RepositoryPolicy, StagePolicy

_PATH: Final = re.compile(r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)*")


def staged(ruled: RepositoryPolicy, stage: StagePolicy) -> RepositoryPolicy:
    """What policy says of a repository in one of its stages: its checks, on the ref and in the environment of the stage."""
    return msgspec.structs.replace(
        ruled, ref=stage_ref(stage.stage), environment=stage.environment, production=stage.production,
        verification=stage.verification, boundary=stage.boundary,
    )  # fmt: skip


def verify_stages(stages: Sequence[StagePolicy], repositories: Sequence[RepositoryPolicy]) -> None:
    """Check that each stage can be one, and that no change lands where only deployments do.

    Raises:
        Refused: MAG-E108 naming the stage and why not.
    """
    known = {one.repository for one in repositories}
    named = [(one.repository, one.stage) for one in stages]
    systems = [(one.system, one.secret) for one in stages]
    for one in stages:
        for wrong, why in (
            (one.repository not in known, f"is of `{one.repository}`, which policy does not name"),
            (named.count((one.repository, one.stage)) > 1, "stands there twice"),
            (STAGE.fullmatch(one.stage) is None, "cannot be the name of a ref: lower-case letters, digits and -"),
            (not 0 <= one.soak_seconds <= LONGEST_SOAK, f"is looked at for 0 to {LONGEST_SOAK} seconds"),
            (
                (one.system is None) is not (one.document is None),
                "must name both a system and its document, or neither",
            ),
            (
                one.document is not None and _PATH.fullmatch(one.document) is None,
                "names a document by no path of a file",
            ),
            (one.target is not None and one.system is not None, f"runs nothing, and names the target `{one.target}`"),
            (one.target == FOLLOW, f"cannot have a target that is called `{FOLLOW}`"),
            (one.secret is not None and one.system is None, f"has a secret `{one.secret}` of no system"),
            (
                one.system is not None and systems.count((one.system, one.secret)) > 1,
                f"is one of several for the same of the system `{one.system}`",
            ),
        ):
            if wrong:
                raise Refused("MAG-E108", f"the stage `{one.stage}` {why}")
    for repository in repositories:
        if repository.ref.startswith(STAGES):
            raise Refused("MAG-E108", f"changes of `{repository.repository}` cannot land on the ref of a stage")
