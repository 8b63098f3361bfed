"""The user's own clone: what can be taken under the gate's wing, and the mirror made from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.environment import git_environment
from magistrate.errors import NotFound, Unavailable, Usage
from magistrate.wire.effect import ABSENT

REMOTE: Final = "magistrate"
_GIT_SECONDS: Final = 600
_SUBMODULE: Final = "160000"
_HEADS: Final = "refs/heads/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A clone that can be added: its top folder, the branch, its commit, and what to be told."""

    top: Path
    ref: str
    commit: str
    notes: tuple[str, ...]


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run git in a folder of the user's; the output without its last newline.

    Raises:
        Unavailable: MAG-E612 when git is missing, fails or takes too long.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, env=git_environment(),
            timeout=_GIT_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("MAG-E612", f"git could not run: {error}", hint="is git installed?") from error
    if check and done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable("MAG-E612", f"git {arguments[0]} in `{folder}`: {(words or ['no reason given'])[-1][:300]}")
    return done.stdout.decode(errors="surrogateescape").rstrip("\n") if done.returncode == 0 else ""


def inspect_clone(path: Path, branch: str | None) -> Clone:
    """Look at a clone and say what stands in the way of adding it.

    Raises:
        NotFound, Usage: MAG-E600 with the reason and what mends it.
    """
    if not path.is_dir():
        raise NotFound("MAG-E600", f"`{path}` is not a directory")
    if not git(path, "rev-parse", "--git-dir", check=False):
        raise Usage("MAG-E600", f"`{path}` is not a git repository", hint=_why_not(path))
    if git(path, "rev-parse", "--show-object-format") != "sha1":
        raise Usage(
            "MAG-E600", f"`{path}` names its objects by SHA-256, which is not supported yet",
            hint="documents carry SHA-1 object names; convert a clone or wait",
        )  # fmt: skip
    if git(path, "rev-parse", "--is-shallow-repository") == "true":
        raise Usage("MAG-E600", f"`{path}` is a shallow clone: its history is cut off", hint="git fetch --unshallow")
    top = Path(git(path, "rev-parse", "--show-toplevel", check=False) or git(path, "rev-parse", "--absolute-git-dir"))
    ref = _branch(path, branch)
    commit = git(path, "rev-parse", "--verify", f"{ref}^{{commit}}")
    return Clone(top=top, ref=ref, commit=commit, notes=tuple(_notes(path, commit)))


def _why_not(path: Path) -> str:
    if (path / ".git").exists():
        return f"git refuses it, maybe by owner: git config --global --add safe.directory {path}"
    return "give the folder of a clone"


def _branch(path: Path, branch: str | None) -> str:
    known = git(path, "for-each-ref", "--format=%(refname)", _HEADS).splitlines()
    if not known:
        raise Usage("MAG-E600", f"`{path}` is empty: it has no commit on any branch", hint="make a first commit")
    listed = ", ".join(name.removeprefix(_HEADS) for name in known[:8])
    if branch is not None:
        full = branch if branch.startswith("refs/") else _HEADS + branch
        if full not in known:
            raise NotFound("MAG-E600", f"`{path}` has no branch `{branch[:100]}`", hint=f"it has: {listed}")
        return full
    head = git(path, "symbolic-ref", "--quiet", "HEAD", check=False)
    if not head:
        raise Usage(
            "MAG-E600",
            f"`{path}` is at a detached HEAD, so its branch is unknown",
            hint=f"name one with --ref: {listed}",
        )
    if head not in known:
        raise Usage(
            "MAG-E600", f"the branch `{head.removeprefix(_HEADS)}` of `{path}` has no commit",
            hint=f"name another with --ref: {listed}",
        )  # fmt: skip
    return head


def _notes(path: Path, commit: str) -> list[str]:
    notes = []
    listing = git(path, "ls-tree", "-r", "-z", commit).split("\0")
    modules = [line.partition("\t")[2] for line in listing if line.startswith(_SUBMODULE)]
    if modules:
        notes.append(
            f"{len(modules)} submodules (first `{modules[0]}`): their content is neither mirrored nor judged;"
            " a change of a submodule's commit always asks for two people"
        )
    if git(path, "grep", "-q", "-e", "filter=lfs", commit, "--", ":(glob)**/.gitattributes", check=False) or _has_lfs(
        path, commit
    ):
        notes.append("Git LFS: only the pointers are mirrored and judged, never the large files")
    here = git(path, "rev-parse", "HEAD", check=False)
    if here == commit and git(path, "status", "--porcelain", "--untracked-files=no", check=False):
        notes.append("there are uncommitted changes: only what is committed was taken")
    return notes


def _has_lfs(path: Path, commit: str) -> bool:
    found = subprocess.run(
        ["git", "-C", str(path), "grep", "-q", "-e", "filter=lfs", commit, "--", ":(glob)**/.gitattributes"],
        capture_output=True, env=git_environment(), timeout=_GIT_SECONDS, check=False,
    )  # fmt: skip
    return found.returncode == 0


def make_mirror(clone: Clone, repositories: Path, name: str) -> Path:
    """A bare mirror of the one branch and of all tags, in place at once, owned by whoever owns the gate's folder.

    Raises:
        Usage: MAG-E600 when the name is taken. Unavailable: MAG-E612 when git or the disk fails.
    """
    target = repositories / f"{name}.git"
    if target.exists():
        raise Usage("MAG-E600", f"the gate has a repository `{name}` already", hint="choose another with --name")
    try:
        with tempfile.TemporaryDirectory(dir=repositories, prefix=".adding-") as scratch:
            bare = Path(scratch) / "bare"
            git(Path(scratch), "init", "--quiet", "--bare", "--template=", "--object-format=sha1", str(bare))
            source = str(clone.top)
            git(
                bare,
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                source,
                f"{clone.ref}:{clone.ref}",
                "refs/tags/*:refs/tags/*",
            )
            git(bare, "symbolic-ref", "HEAD", clone.ref)
            _open_to_read(bare)
            bare.rename(target)
    except PermissionError as error:
        raise Unavailable(
            "MAG-E612", f"`{repositories}` belongs to the gate's user; nothing was added",
            hint="the walls stand: run this with sudo",
        ) from error  # fmt: skip
    _hand_over(target, repositories)
    return target


def begin_branch(mirror: Path, ref: str, commit: str, message: str) -> None:
    """A branch of the gate's repository that begins with one commit, of its own history, that holds the tree of `commit`.

    Raises:
        Unavailable: MAG-E612 when git fails, among other things because the branch exists.
    """
    who = ("-c", "user.name=Magistrate gate", "-c", "user.email=gate@magistrate.invalid")
    made = git(mirror, *who, "commit-tree", f"{commit}^{{tree}}", "-m", message)
    git(mirror, "update-ref", ref, made, ABSENT)
    _open_to_read(mirror)
    _hand_over(mirror, mirror.parent)


def _open_to_read(bare: Path) -> None:
    """Objects may be read by front, control and executor; `home` decides who gets that far."""
    for folder, _, files in os.walk(bare):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            path.chmod(0o444 if "objects" in path.parts and path.suffix != ".lock" else 0o644)


def _hand_over(target: Path, repositories: Path) -> None:
    owner = repositories.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for folder, folders, files in os.walk(target):
        for name in [".", *folders, *files]:
            os.chown(Path(folder) / name, owner.st_uid, owner.st_gid, follow_symlinks=False)


def remove_mirror(target: Path) -> None:
    """Take a mirror away again that was made a moment ago."""
    shutil.rmtree(target)


def add_remote(clone: Clone, mirror: Path, push_url: str) -> str:
    """Give the clone a remote that fetches from the mirror and pushes to the gate; says what was done."""
    present = git(clone.top, "remote").splitlines()
    if REMOTE in present:
        return f"the clone has a remote `{REMOTE}` already; it was left as it is"
    git(clone.top, "remote", "add", REMOTE, str(mirror))
    git(clone.top, "remote", "set-url", "--push", REMOTE, push_url)
    return f"remote `{REMOTE}` added to the clone: `git fetch {REMOTE}` brings what was merged"
