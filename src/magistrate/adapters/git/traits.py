"""What kind of repository a folder is, in words for `repository add`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from magistrate.adapters.git.command import run_git
from magistrate.adapters.git.reader import GITLINK, RepositoryReader
from magistrate.errors import NotFound, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryTraits:
    """What was found; `branch` is empty when HEAD is detached, `commit` when there is none."""

    git_dir: Path
    branch: str
    commit: str
    sha256: bool
    shallow: bool
    partial: bool
    submodules: tuple[str, ...]
    lfs: tuple[str, ...]

    def check_usable(self) -> None:
        """Refuse what cannot be served, saying what to do.

        Raises:
            Refused: MAG-E303.
        """
        where = f"`{self.git_dir}`"
        if self.sha256:
            raise Refused(
                "MAG-E303", f"{where} uses SHA-256 objects", hint="only repositories with SHA-1 objects are served yet"
            )
        if not self.commit:
            raise Refused("MAG-E303", f"{where} has no commit yet", hint="make a first commit, then add it again")
        if self.shallow:
            raise Refused("MAG-E303", f"{where} is a shallow clone", hint="git fetch --unshallow, then add it again")
        if self.partial:
            raise Refused("MAG-E303", f"{where} is a partial clone", hint="add a full clone instead")
        if not self.branch:
            raise Refused(
                "MAG-E303", f"{where} is on a detached HEAD", hint="git switch to a branch, or name one with --ref"
            )

    def remarks(self) -> tuple[str, ...]:
        """What is served, and judged strictly: one sentence each."""
        said = []
        if self.submodules:
            said.append(
                f"{len(self.submodules)} submodules: their content is not read, a change of their commit counts as unknown"
            )
        if self.lfs:
            said.append("Git LFS is used: pointers are judged as files, the large files themselves are not read")
        return tuple(said)


def inspect(path: Path) -> RepositoryTraits:
    """Look at the repository that holds `path`, changing nothing.

    Raises:
        NotFound: MAG-E300 when there is none.
    """
    found = run_git(["-C", str(path), "rev-parse", "--absolute-git-dir"], git_dir=None)
    if found.returncode != 0:
        raise NotFound("MAG-E300", f"`{path}` is not inside a git repository", hint="git init, or name another folder")
    git_dir = Path(found.stdout.decode().rstrip("\n"))
    branch = _asked(git_dir, "symbolic-ref", "--quiet", "HEAD")
    sha256 = _asked(git_dir, "rev-parse", "--show-object-format") == "sha256"
    commit = _asked(git_dir, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    submodules: list[str] = []
    lfs: list[str] = []
    if commit and not sha256:
        reader = RepositoryReader(git_dir)
        tree = reader.tree_of(commit)
        entries = reader.list_tree(tree)
        submodules = [entry.path for entry in entries if entry.mode == GITLINK]
        attributes = {
            e.object_id: e.path for e in entries if e.path.rsplit("/", 1)[-1] == ".gitattributes" and e.mode != GITLINK
        }
        lfs = [attributes[i] for i, content in reader.read_blobs(list(attributes)).items() if b"filter=lfs" in content]
    return RepositoryTraits(
        git_dir=git_dir, branch=branch, commit=commit, sha256=sha256,
        shallow=_asked(git_dir, "rev-parse", "--is-shallow-repository") == "true",
        partial=bool(_asked(git_dir, "config", "--get-regexp", r"^remote\..*\.promisor$")),
        submodules=tuple(submodules), lfs=tuple(lfs),
    )  # fmt: skip


def _asked(git_dir: Path, *arguments: str) -> str:
    done = run_git(arguments, git_dir=git_dir)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""
