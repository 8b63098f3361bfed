"""What a deployment would be, read from a repository: from what a stage runs to a commit, and what lies between.

Rule kept (R5, invariant 2): front, control, executor and whoever approves each read it for themselves by this one way;
no word of a draft is in it but the name of the stage.
"""

from __future__ import annotations

from pathlib import Path

from magistrate.adapters.git.artifact import artifact_of
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.git.release_plan import compared
from magistrate.domain.stages import DeployPlan
from magistrate.errors import Refused
from magistrate.wire.canonical import digest


def planned_deployment(git_dir: Path, patches: QuarantinedPatches, ref: str, old: str, commit: str) -> DeployPlan:
    """The deployment of a commit where `old` runs; where too much lies between, nothing is compared.

    Raises:
        Refused: MAG-E543 when that runs there already, MAG-E314 when it cannot be one artifact.
        NotFound, Unavailable: as git says.
    """
    reader = RepositoryReader(git_dir)
    base_tree, tree = reader.tree_of(old), reader.tree_of(commit)
    if base_tree == tree:
        raise Refused("MAG-E543", f"`{ref}` holds what `{commit[:12]}` holds: it runs there already")
    found = compared(git_dir, patches, base_tree, tree)
    return DeployPlan(
        ref=ref, old=old, commit=commit, base_tree=base_tree, result_tree=tree, diff=found.diff,
        manifest_sha256=found.manifest_sha256, artifact_digest=digest(artifact_of(reader, tree)), paths=found.paths,
    )  # fmt: skip
