"""The gate's bare repositories as control sees them: read only, by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from magistrate.adapters.git.command import git_output, run_git
from magistrate.adapters.git.reader import RepositoryReader
from magistrate.errors import NotFound, Unavailable

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}\Z")


class BareRepositories:
    """Implements `ports.Repositories` over one folder of `NAME.git`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def git_dir(self, repository: str) -> str:
        """Path of the bare repository (raises NotFound MAG-E450)."""
        path = self._folder / f"{repository}.git"
        if _NAME.match(repository) is None or not path.is_dir():
            raise NotFound("MAG-E450", f"the gate has no repository `{repository[:60]}`")
        return str(path)

    def reader(self, repository: str) -> RepositoryReader:
        """A reader of it."""
        return RepositoryReader(Path(self.git_dir(repository)))

    def tip(self, repository: str, ref: str) -> str:
        """Commit at a ref, empty when it does not exist."""
        done = run_git(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"],
            git_dir=Path(self.git_dir(repository)),
        )
        found = done.stdout.decode(errors="replace").strip()
        if done.returncode == 1 and not found:
            return ""
        if done.returncode != 0 or _COMMIT.match(found) is None:
            raise Unavailable("MAG-E440", f"git cannot read `{ref[:60]}` of `{repository}`")
        return found

    def tree(self, repository: str, commit: str) -> str:
        """Tree id of a commit."""
        return self.reader(repository).tree_of(commit)

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag by its whole name, sorted."""
        return self.reader(repository).tags()

    def pack(self, repository: str, *commits: str) -> bytes:
        """A pack with these commits, their trees and everything below them, without their history."""
        folder = Path(self.git_dir(repository))
        wanted: dict[str, None] = {}
        for commit in commits:
            tree = self.tree(repository, commit)
            listed = git_output(["ls-tree", "-r", "-t", "--full-tree", tree], git_dir=folder).decode(errors="replace")
            rows = (line.split("\t")[0].split() for line in listed.splitlines())
            wanted |= dict.fromkeys(
                [commit, tree, *(object_id for _, kind, object_id in rows if kind in {"blob", "tree"})]
            )
        return git_output(
            ["pack-objects", "--stdout", "-q"], git_dir=folder, stdin="".join(f"{o}\n" for o in wanted).encode()
        )
