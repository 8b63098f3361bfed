"""What a patch really does: applied in quarantine, inside the sandbox, and read back as trees.

Rule kept (invariant 2): the submitted text is used once, as input of `git apply`, and never
again. The index, the new objects and the git folder are fresh; of the repository only the
object folders are visible, read-only: neither its configuration, hooks, attributes nor refs.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Final

from magistrate.adapters.git.command import git_environment, quoted_alternates
from magistrate.adapters.git.manifest import manifest_of
from magistrate.adapters.git.reader import OBJECT_ID, RepositoryReader, object_folder
from magistrate.domain.impact import FileChange
from magistrate.errors import Refused, Unavailable, Usage
from magistrate.ports import AppliedPatch, Sandbox, SandboxLimits, SandboxResult
from magistrate.wire.canonical import digest

MAX_PATCH_BYTES: Final = 16_000_000
MAX_DIFF_BYTES: Final = 64_000_000
MAX_ALTERNATES: Final = 16
LIMITS: Final = SandboxLimits(
    cpu_seconds=60, wall_seconds=90, memory_bytes=2 << 30, output_bytes=MAX_DIFF_BYTES, file_bytes=MAX_DIFF_BYTES
)
_NOT_APPLIED: Final = 42
_FOREIGN: Final = re.compile(r"\\|^[A-Za-z]:")
"""Backslashes and drive letters: git itself minds them on Windows only."""
_SCRIPT: Final = """
set -eu
if [ "$3" ]; then
  result=$3
else
  git read-tree "$1"
  git apply --cached --whitespace=nowarn - || exit 42
  result=$(git write-tree) || exit 42
fi
echo "$result"
git diff-tree -r -p --binary --full-index --no-renames --no-color --no-ext-diff --no-textconv \
  --diff-algorithm=myers --indent-heuristic -U3 --src-prefix=a/ --dst-prefix=b/ "$1" "$result"
if [ "$2" = pack ]; then
  git rev-list --objects --no-object-names "$result" "^$1" >ids
  git pack-objects -q --stdout <ids >pack
fi
"""


class QuarantinedPatches:
    """Applies patches; `scratch` is the folder under which quarantines come and go."""

    def __init__(self, sandbox: Sandbox, scratch: Path | None = None) -> None:
        self._sandbox = sandbox
        self._scratch = scratch

    def apply(self, git_dir: Path, base_tree: str, patch: bytes, *, want_pack: bool = False) -> AppliedPatch:
        """Apply a unified diff to a tree.

        Raises:
            Refused: MAG-E304 when git does not take it (its words are in the message), MAG-E305 for
                an unacceptable path, MAG-E306 when it is too large, MAG-E307 when nothing changes.
            Unavailable: MAG-E301 or MAG-E281 when it could not be tried.
        """
        if len(patch) > MAX_PATCH_BYTES:
            raise Refused("MAG-E306", f"the patch is larger than {MAX_PATCH_BYTES} bytes")
        if OBJECT_ID.match(base_tree) is None:
            raise Usage("MAG-E302", f"`{base_tree[:80]!a}` is not an object id")
        RepositoryReader(git_dir).tree_of(base_tree)
        stores = object_stores(object_folder(git_dir))
        with tempfile.TemporaryDirectory(prefix="magistrate-quarantine-", dir=self._scratch) as folder:
            quarantine = Path(folder)
            _empty_repository(quarantine)
            result_tree, diff = self._inside(quarantine, stores, (base_tree, ""), patch, want_pack=want_pack)
            changes = RepositoryReader(git_dir, quarantine=quarantine / "objects").changes(base_tree, result_tree)
            pack = _read_plain(quarantine / "pack") if want_pack else b""
        return _applied(base_tree, result_tree, diff, changes, pack)

    def rebuild(self, git_dir: Path, base_tree: str, diff: bytes, *, want_pack: bool = False) -> AppliedPatch:
        """Apply a diff that an earlier `apply` recomputed; it must reproduce itself byte for byte.

        Raises:
            Refused: MAG-E304 when the diff is not the canonical diff of what it does, and as `apply`.
        """
        applied = self.apply(git_dir, base_tree, diff, want_pack=want_pack)
        if applied.diff != diff:
            raise Refused("MAG-E304", "the diff holds something else than what it does")
        return applied

    def between(self, git_dir: Path, base_tree: str, result_tree: str) -> AppliedPatch:
        """What leads from one tree to another, both in the repository: as if their canonical diff had been applied.

        Raises:
            Refused: MAG-E305 for an unacceptable path, MAG-E306 when it is too large, MAG-E307 for the same tree twice.
            Unavailable: MAG-E301 or MAG-E281 when it could not be tried. NotFound: MAG-E302 for what is no tree.
        """
        reader = RepositoryReader(git_dir)
        for tree in (base_tree, result_tree):
            if reader.tree_of(tree) != tree:
                raise Usage("MAG-E302", f"`{tree[:80]!a}` is not a tree")
        stores = object_stores(object_folder(git_dir))
        with tempfile.TemporaryDirectory(prefix="magistrate-quarantine-", dir=self._scratch) as folder:
            _empty_repository(Path(folder))
            _, diff = self._inside(Path(folder), stores, (base_tree, result_tree), b"", want_pack=False)
        return _applied(base_tree, result_tree, diff, reader.changes(base_tree, result_tree), b"")

    def _inside(
        self, quarantine: Path, stores: tuple[Path, ...], trees: tuple[str, str], patch: bytes, *, want_pack: bool
    ) -> tuple[str, bytes]:
        """Result tree and canonical diff; without a second tree, the one that the patch makes of the first."""
        base_tree = trees[0]
        env = git_environment(
            {
                "GIT_DIR": str(quarantine),
                "GIT_INDEX_FILE": str(quarantine / "index"),
                "GIT_OBJECT_DIRECTORY": str(quarantine / "objects"),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": quoted_alternates(stores),
            }
        )
        del env["PATH"]
        result = self._sandbox.run(
            ["/bin/sh", "-c", _SCRIPT, "apply", base_tree, "pack" if want_pack else "no", trees[1]],
            stdin=patch, read_only=stores, writable=quarantine, cwd=quarantine, env=env, limits=LIMITS,
        )  # fmt: skip
        _check(result)
        first, _, diff = result.stdout.partition(b"\n")
        result_tree = first.decode(errors="replace")
        if OBJECT_ID.match(result_tree) is None:
            raise Unavailable("MAG-E301", "git named no result tree")
        if result_tree == base_tree:
            raise Refused("MAG-E307", "the patch changes nothing")
        return result_tree, diff


def object_stores(objects: Path) -> tuple[Path, ...]:
    """An object folder and all its alternates.

    Raises:
        Refused: MAG-E303 for more than 16 of them.
    """
    found: list[Path] = []
    waiting = [objects]
    while waiting:
        folder = waiting.pop()
        if folder in found or not folder.is_dir():
            continue
        if len(found) == MAX_ALTERNATES:
            raise Refused("MAG-E303", f"`{objects}` borrows from more than {MAX_ALTERNATES} object folders")
        found.append(folder)
        listed = folder / "info/alternates"
        if listed.is_file():
            lines = listed.read_text(errors="surrogateescape").splitlines()
            waiting += [(folder / line).resolve() for line in lines if line and not line.startswith("#")]
    return tuple(found)


def _empty_repository(folder: Path) -> None:
    for name in ("objects/info", "objects/pack", "refs"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    (folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")


def _check(result: SandboxResult) -> None:
    if result.clean:
        return
    words = result.stderr.decode(errors="replace").strip()[:400]
    if result.overflowed:
        raise Refused("MAG-E306", f"the change is larger than {MAX_DIFF_BYTES} bytes")
    if result.timed_out:
        raise Unavailable("MAG-E301", "applying the patch took too long")
    if result.returncode == _NOT_APPLIED:
        raise Refused("MAG-E304", f"the patch does not apply: {words}")
    raise Unavailable("MAG-E301", f"git could not apply: {words or result.returncode}")


def _read_plain(path: Path) -> bytes:
    """Read a file that the sandbox wrote; never through a link."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as stream:
        return stream.read(MAX_DIFF_BYTES)


def _applied(
    base_tree: str, result_tree: str, diff: bytes, changes: tuple[FileChange, ...], pack: bytes
) -> AppliedPatch:
    for change in changes:
        if change.after is not None and _FOREIGN.search(change.path):
            raise Refused("MAG-E305", f"the path `{change.path[:80]}` means another place on other systems")
    manifest = manifest_of(changes)
    return AppliedPatch(
        base_tree=base_tree, result_tree=result_tree, diff=diff, manifest=manifest,
        manifest_sha256=digest(manifest), changes=changes, pack=pack,
    )  # fmt: skip
