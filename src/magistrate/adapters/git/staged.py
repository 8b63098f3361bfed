"""What a commit would hold now: the tree of the index, made without touching the repository.

The index is copied and `git write-tree` writes into a folder of its own, so that neither the
index, nor its lock, nor the objects of the repository change.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.adapters.git.command import git_output, quoted_alternates, run_git
from magistrate.adapters.git.reader import OBJECT_ID, RepositoryReader, object_folder
from magistrate.errors import NotFound, Refused, Unavailable

EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""What git calls a tree without entries; the base of a first commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The tree that HEAD has, the tree that the index has, and a reader of both."""

    reader: RepositoryReader
    base_tree: str
    result_tree: str


@contextmanager
def staged_trees(git_dir: Path, index: Path | None = None) -> Iterator[Staged]:
    """Both trees while the context is open. `index`: another one than the repository's own.

    Raises:
        NotFound: MAG-E303 for a repository without an index.
        Refused: MAG-E303 while a merge has conflicts, for there is no tree yet.
    """
    source = index if index is not None else git_dir / "index"
    with tempfile.TemporaryDirectory(prefix="magistrate-staged-") as made:
        objects, copied = Path(made) / "objects", Path(made) / "index"
        objects.mkdir()
        if source.is_file():
            shutil.copyfile(source, copied)
        elif (git_dir / "objects").is_dir() and not _has_work_tree(git_dir):
            raise NotFound("MAG-E303", f"`{git_dir}` is bare: nothing can be staged in it")
        extra = {
            "GIT_INDEX_FILE": str(copied),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": quoted_alternates([object_folder(git_dir)]),
        }
        yield Staged(
            reader=RepositoryReader(git_dir, quarantine=objects),
            base_tree=_head_tree(git_dir),
            result_tree=_written(git_dir, extra),
        )


def merge_base(git_dir: Path, one: str, other: str) -> str:
    """The commit that two commits last had in common; raises NotFound MAG-E302."""
    done = run_git(["merge-base", one, other], git_dir=git_dir)
    found = done.stdout.decode(errors="replace").split("\n")[0].strip()
    if done.returncode != 0 or OBJECT_ID.match(found) is None:
        raise NotFound(
            "MAG-E302", f"`{one[:12]}` and `{other[:12]}` have no commit in common here",
            hint="a shallow clone lacks the older ones: fetch more of the history (`git fetch --unshallow`)",
        )  # fmt: skip
    return found


def _head_tree(git_dir: Path) -> str:
    done = run_git(["rev-parse", "--verify", "--quiet", "HEAD^{tree}"], git_dir=git_dir)
    found = done.stdout.decode(errors="replace").strip()
    return found if done.returncode == 0 and OBJECT_ID.match(found) else EMPTY_TREE


def _written(git_dir: Path, extra: dict[str, str]) -> str:
    try:
        return git_output(["write-tree"], git_dir=git_dir, extra=extra).decode().strip()
    except Unavailable as error:
        if "unmerged" in error.message or "error building trees" in error.message:
            hint = "resolve the conflicts and `git add` them first"
            raise Refused("MAG-E303", "the index has conflicts of a merge, so there is no tree", hint=hint) from error
        raise


def _has_work_tree(git_dir: Path) -> bool:
    said = run_git(["rev-parse", "--is-bare-repository"], git_dir=git_dir).stdout
    return said.strip() != b"true"
