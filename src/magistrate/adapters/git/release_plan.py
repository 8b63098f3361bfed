"""What a release would be, read from a repository: its tag, its commit, and what it brings.

Rule kept (R5, invariant 2): front, control, executor and whoever approves each read it for themselves by this one
way; what the release brings is compared from trees, and no word of a draft is in it but the size of the step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from magistrate.adapters.git.manifest import manifest_of
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.domain.tags import TAGS, ReleasePlan, newest
from magistrate.errors import Refused
from magistrate.ports import AppliedPatch
from magistrate.wire.canonical import digest

MAX_COMPARED_BYTES: Final = 2_000_000
"""Of diff; nobody reads more, so that what is larger counts as not compared."""


def planned(  # noqa: PLR0913, PLR0917  each is known separately
    git_dir: Path, patches: QuarantinedPatches, prefix: str, commit: str, ref: str, previous: str | None = None
) -> ReleasePlan:
    """The release `ref` of a commit. `previous` is the tag before it: the newest of the repository, unless it is given.

    Where there is none before, or what lies between is too much to read, nothing is compared.

    Raises:
        Refused: MAG-E543 when nothing landed since the release before. NotFound, Unavailable: as git says.
    """
    reader = RepositoryReader(git_dir)
    before = newest(reader.tags(), prefix) if previous is None else previous
    tree = reader.tree_of(commit)
    found = compared(git_dir, patches, reader.tree_of(reader.resolve(before)) if before else tree, tree)
    if before and reader.resolve(before) == commit:
        raise Refused("MAG-E543", f"nothing landed since `{before.removeprefix(TAGS)}`")
    return ReleasePlan(
        ref=ref, commit=commit, previous=before, base_tree=found.base_tree, result_tree=tree, diff=found.diff,
        manifest_sha256=found.manifest_sha256, paths=found.paths,
    )  # fmt: skip


def compared(git_dir: Path, patches: QuarantinedPatches, base_tree: str, result_tree: str) -> AppliedPatch:
    """What lies between two trees; from the second tree to itself where that is too much to read (raises as `planned`)."""
    if base_tree != result_tree:
        try:
            found = patches.between(git_dir, base_tree, result_tree)
        except Refused as error:
            if error.code != "MAG-E306":
                raise
        else:
            if len(found.diff) <= MAX_COMPARED_BYTES:
                return found
    nothing = manifest_of(())
    return AppliedPatch(
        base_tree=result_tree, result_tree=result_tree, diff=b"", manifest=nothing, manifest_sha256=digest(nothing),
        changes=(),
    )  # fmt: skip
