"""What bringing a stage up to date would be, read from a repository: from what it has to a commit, and what lies between.

Rule kept (R5, invariant 2): front, control, executor and whoever approves each read it for themselves by this one way;
no word of a draft is in it but the name of the stage.
"""

from __future__ import annotations

from pathlib import Path

from magistrate.adapters.git.artifact import artifact_digest
from magistrate.adapters.git.patch import QuarantinedPatches
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.git.release_plan import compared
from magistrate.authority.stage_effect import entitlements_digest
from magistrate.domain.entitlements import MAX_BYTES, Entitlement, entitlements_of
from magistrate.domain.rotation import SecretUse, secret_use_of
from magistrate.domain.stages import DEPLOYED, StageKind, StagePlan
from magistrate.errors import Refused
from magistrate.wire.canonical import digest

_FILES = frozenset({"100644", "100755"})


def planned_stage(  # noqa: PLR0913, PLR0917  each is known separately
    git_dir: Path, patches: QuarantinedPatches, ref: str, old: str, commit: str, kind: StageKind = DEPLOYED
) -> StagePlan:
    """What leads from `old` to a commit in a stage of this kind; where too much lies between, nothing is compared.

    Raises:
        Refused: MAG-E543 when the stage has that already, MAG-E314 when it cannot be one artifact, MAG-E315 or MAG-E316 when
            a document cannot be read.
        NotFound, Unavailable: as git says.
    """
    reader = RepositoryReader(git_dir)
    base_tree, tree = reader.tree_of(old), reader.tree_of(commit)
    if base_tree == tree and kind.secret is None:
        raise Refused("MAG-E543", f"`{ref}` holds what `{commit[:12]}` holds: it runs there already")
    marks = _marks(reader, base_tree, tree, kind)
    if "before_digest" in marks and marks["before_digest"] == marks["after_digest"]:
        raise Refused("MAG-E543", f"`{kind.document}` gives away the same at `{commit[:12]}` as on `{ref}`")
    found = compared(git_dir, patches, base_tree, tree)
    return StagePlan(
        ref=ref, old=old, commit=commit, base_tree=base_tree, result_tree=tree, diff=found.diff,
        manifest_sha256=found.manifest_sha256, paths=found.paths, **marks,
    )  # fmt: skip


def _marks(reader: RepositoryReader, base_tree: str, tree: str, kind: StageKind) -> dict[str, str]:
    """The digests by which an effect names what is particular to its kind."""
    if kind.document is None:
        return {"artifact_digest": artifact_digest(reader, tree)}
    if kind.secret is not None:
        return {"consumers_digest": digest(secret_use_in(reader, tree, kind.document).text().encode())}
    before, after = (entitlements_digest(document_in(reader, one, kind.document)) for one in (base_tree, tree))
    return {"before_digest": before, "after_digest": after}


def document_in(reader: RepositoryReader, tree: str, path: str) -> frozenset[Entitlement]:
    """The entitlements that a document in a tree gives away.

    Raises:
        Refused: MAG-E315 when there is no such file, it is too large, no UTF-8, or a line of it is none.
    """
    return entitlements_of(_text(reader, tree, path, "MAG-E315", "magistrate entitlements SYSTEM writes it"))


def secret_use_in(reader: RepositoryReader, tree: str, path: str) -> SecretUse:
    """Who uses a secret, as a document in a tree says it.

    Raises:
        Refused: MAG-E316 when there is no such file, it is too large, no UTF-8, or says something else.
    """
    return secret_use_of(_text(reader, tree, path, "MAG-E316", "docs/rotate.md has its form"))


def _text(reader: RepositoryReader, tree: str, path: str, code: str, hint: str) -> str:
    entry = next((one for one in reader.list_tree(tree) if one.path == path and one.mode in _FILES), None)
    if entry is None:
        raise Refused(code, f"there is no file `{path}` in the tree `{tree[:12]}`", hint=hint)
    if entry.size > MAX_BYTES:
        raise Refused(code, f"`{path}` is larger than {MAX_BYTES} bytes")
    try:
        return reader.read_blobs([entry.object_id])[entry.object_id].decode()
    except UnicodeDecodeError as error:
        raise Refused(code, f"`{path}` is no UTF-8: {error.reason}") from error
