"""What bringing a stage up to date would be, read from a repository: from what it has to a commit, and what lies between.

Rule kept (R5, invariant 2): front, control, executor and whoever approves each read it for themselves by this one way;
no word of a draft is in it but the name of the stage.
"""

from __future__ import annotations

from pathlib import Path

from magistrate.adapters.git.artifact import artifact_of
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.git.release_plan import compared
from magistrate.authority.stage_effect import entitlements_digest
from magistrate.domain.entitlements import MAX_BYTES, Entitlement, entitlements_of
from magistrate.domain.stages import StagePlan
from magistrate.errors import Refused
from magistrate.ports import TreeEntry
from magistrate.wire.canonical import digest

_FILES = frozenset({"100644", "100755"})


def planned_stage(  # noqa: PLR0913, PLR0917  each is known separately
    git_dir: Path, patches: QuarantinedPatches, ref: str, old: str, commit: str, document: str | None = None
) -> StagePlan:
    """What leads from `old` to a commit in a stage; where too much lies between, nothing is compared.

    `document` is the path of the entitlements of a stage with a system; None: the stage is deployed to.

    Raises:
        Refused: MAG-E543 when the stage has that already, MAG-E314 when it cannot be one artifact, MAG-E315 when a document
            cannot be read.
        NotFound, Unavailable: as git says.
    """
    reader = RepositoryReader(git_dir)
    base_tree, tree = reader.tree_of(old), reader.tree_of(commit)
    if base_tree == tree:
        raise Refused("MAG-E543", f"`{ref}` holds what `{commit[:12]}` holds: it runs there already")
    artifact = before = after = ""
    if document is None:
        artifact = digest(artifact_of(reader, tree))
    else:
        before, after = (entitlements_digest(document_in(reader, one, document)) for one in (base_tree, tree))
        if before == after:
            raise Refused("MAG-E543", f"`{document}` gives away the same at `{commit[:12]}` as on `{ref}`")
    found = compared(git_dir, patches, base_tree, tree)
    return StagePlan(
        ref=ref, old=old, commit=commit, base_tree=base_tree, result_tree=tree, diff=found.diff,
        manifest_sha256=found.manifest_sha256, paths=found.paths, artifact_digest=artifact, before_digest=before,
        after_digest=after,
    )  # fmt: skip


def document_in(reader: RepositoryReader, tree: str, path: str) -> frozenset[Entitlement]:
    """The entitlements that a document in a tree gives away.

    Raises:
        Refused: MAG-E315 when there is no such file, it is too large, no UTF-8, or a line of it is none.
    """
    entry = next((one for one in reader.list_tree(tree) if one.path == path and one.mode in _FILES), None)
    if entry is None:
        raise Refused(
            "MAG-E315",
            f"there is no file `{path}` in the tree `{tree[:12]}`",
            hint="magistrate entitlements SYSTEM writes it",
        )
    return entitlements_of(_text(reader, entry))


def _text(reader: RepositoryReader, entry: TreeEntry) -> str:
    content = reader.read_blobs([entry.object_id])[entry.object_id]
    try:
        if len(content) <= MAX_BYTES:
            return content.decode()
    except UnicodeDecodeError as error:
        raise Refused("MAG-E315", f"`{entry.path}` is no UTF-8: {error.reason}") from error
    raise Refused("MAG-E315", f"`{entry.path}` is larger than {MAX_BYTES} bytes")
