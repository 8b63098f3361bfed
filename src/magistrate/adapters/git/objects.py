"""Objects that travel: packs out of one repository into another, and commits made by rule."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from magistrate.adapters.git.command import git_output, run_git
from magistrate.adapters.git.reader import OBJECT_ID, RepositoryReader, git_id
from magistrate.errors import Refused, Unavailable, Usage

MAX_PACK_BYTES: Final = 512_000_000
_NAME: Final = re.compile(r"[^<>\x00-\x1f\x7f]{1,100}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who made a commit, as git writes it."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitText:
    """Everything that determines the bytes of a commit; `at` is Unix seconds, written as UTC."""

    tree: str
    parent: str
    message: str
    author: Identity
    committer: Identity
    at: int

    def encoded(self) -> bytes:
        """The commit object; same values, same bytes.

        Raises:
            Usage: MAG-E302 for values that would make another object than they say.
        """
        names = (self.author.name, self.author.email, self.committer.name, self.committer.email)
        if not all(map(_NAME.match, names)) or not all(map(OBJECT_ID.match, (self.tree, self.parent))):
            raise Usage("MAG-E302", "a commit needs plain names and object ids")
        if "\0" in self.message or self.at < 0:
            raise Usage("MAG-E302", "a commit needs a message without NUL and a time after 1970")
        lines = [
            f"tree {self.tree}", f"parent {self.parent}",
            f"author {self.author.name} <{self.author.email}> {self.at} +0000",
            f"committer {self.committer.name} <{self.committer.email}> {self.at} +0000",
            "", self.message.rstrip("\n") + "\n",
        ]  # fmt: skip
        return "\n".join(lines).encode()


def make_commit(git_dir: Path, text: CommitText) -> str:
    """Write the commit object and return its id; writing it twice changes nothing.

    Raises:
        NotFound: MAG-E302 when tree or parent are not in the repository.
    """
    reader = RepositoryReader(git_dir)
    reader.tree_of(text.tree)
    reader.tree_of(text.parent)
    content = text.encoded()
    out = git_output(["hash-object", "-t", "commit", "-w", "--stdin"], git_dir=git_dir, stdin=content)
    commit = out.decode().strip()
    if commit != git_id("commit", content):
        raise Unavailable("MAG-E308", "git named the commit otherwise than its bytes do")
    return commit


def export_pack(git_dir: Path, revision: str) -> bytes:
    """A pack of one commit with its whole tree, or of a tree alone; without history.

    Raises:
        NotFound: MAG-E302 when there is no such object.
        Refused: MAG-E309 when it is larger than 512 MB.
    """
    RepositoryReader(git_dir).tree_of(revision)
    listed = git_output(["rev-list", "--objects", "--no-walk", "--no-object-names", revision], git_dir=git_dir)
    pack = git_output(["pack-objects", "-q", "--stdout", "--delta-base-offset"], git_dir=git_dir, stdin=listed)
    if len(pack) > MAX_PACK_BYTES:
        raise Refused("MAG-E309", f"the objects of `{revision}` are larger than {MAX_PACK_BYTES} bytes")
    return pack


def import_pack(git_dir: Path, pack: bytes) -> None:
    """Index a pack into a repository; every object is hashed and checked, links are not: history may be missing.

    Raises:
        Refused: MAG-E309 when git does not accept it; nothing is kept then.
    """
    if len(pack) > MAX_PACK_BYTES:
        raise Refused("MAG-E309", f"a pack larger than {MAX_PACK_BYTES} bytes")
    done = run_git(
        ["index-pack", "--stdin", "--fsck-objects", f"--max-input-size={MAX_PACK_BYTES}"], git_dir=git_dir, stdin=pack
    )
    if done.returncode != 0:
        raise Refused(
            "MAG-E309", f"git does not accept the objects: {done.stderr.decode(errors='replace').strip()[:300]}"
        )


def create_bare(folder: Path, ref: str = "refs/heads/main") -> Path:
    """An empty bare repository that takes nothing from templates.

    Its files can be read by whoever can reach the folder, since the sandbox reads it as another
    user; the folder above decides who can reach it.

    Raises:
        Unavailable: MAG-E301 when git cannot make it.
    """
    git_output(
        ["init", "--quiet", "--bare", "--shared=0644", "--object-format=sha1", f"--template={os.devnull}", str(folder)], git_dir=None
    )  # fmt: skip
    git_output(["symbolic-ref", "HEAD", ref], git_dir=folder)
    return folder
