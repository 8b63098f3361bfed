"""Reading a repository: revisions, trees, blobs, and what changed between two trees."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from magistrate.adapters.git.command import git_output, quoted_alternates, run_git
from magistrate.adapters.git.history import altered_rows, landed_rows, merged_subjects
from magistrate.domain.history import AlteredRow, LandedRows
from magistrate.domain.impact import FileChange
from magistrate.errors import NotFound, Refused, Unavailable, Usage
from magistrate.ports import CommitRow, TreeEntry

OBJECT_ID: Final = re.compile(r"[0-9a-f]{40}\Z")
_REVISION: Final = re.compile(r"[^\-\s][^\s]{0,399}\Z")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
KEPT_TREES: Final = 4
_NO_MODE: Final = "000000"
GITLINK: Final = "160000"


class RepositoryReader:
    """A `GitReader` of one git folder, optionally with a quarantined object folder on top."""

    def __init__(self, git_dir: Path, *, quarantine: Path | None = None) -> None:
        self._git_dir = git_dir
        self._listed: dict[str, tuple[TreeEntry, ...]] = {}
        self._extra: dict[str, str] = {}
        if quarantine is not None:
            self._extra = {
                "GIT_OBJECT_DIRECTORY": str(quarantine),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": quoted_alternates([object_folder(git_dir)]),
            }

    @property
    def git_dir(self) -> Path:
        """The folder that is read."""
        return self._git_dir

    def resolve(self, revision: str) -> str:
        """Commit id of a revision.

        Raises:
            Usage: MAG-E302 when it cannot be a revision.
            NotFound: MAG-E302 when there is no such commit.
        """
        if _REVISION.match(revision) is None:
            raise Usage("MAG-E302", f"`{revision[:80]!a}` is not a revision")
        return self._parsed(f"{revision}^{{commit}}")

    def tree_of(self, commit: str) -> str:
        """Tree id of a commit (or of a tree); raises NotFound MAG-E302."""
        return self._parsed(f"{_known(commit)}^{{tree}}")

    def parents(self, commit: str) -> tuple[str, ...]:
        """Parent ids of a commit."""
        out = self._git("cat-file", "commit", _known(commit)).split(b"\n\n", 1)[0]
        return tuple(line[7:].decode() for line in out.split(b"\n") if line.startswith(b"parent "))

    def history(self, revisions: str, limit: int) -> tuple[CommitRow, ...]:
        """Commits of `A..B` (or all up to one revision) along first parents, newest first, at most `limit`.

        Raises:
            Usage: MAG-E302 when it cannot be a range of revisions.
            NotFound: MAG-E302 when there are no such commits.
        """
        base, between, head = revisions.partition("..")
        if "..." in revisions:
            raise Usage("MAG-E302", f"`{revisions[:80]!a}` is not a range of revisions", hint="write it as `A..B`")
        words = [self.resolve(head or "HEAD"), f"^{self.resolve(base)}"] if between else [self.resolve(base)]
        out = self._git(
            "log", "--first-parent", "-z", f"--max-count={limit}", "--format=%H %T %P%n%ct%n%s", *words, "--"
        )
        rows = [_row(record) for record in out.split(b"\0") if record]
        wanted = [row.parent for row in rows if row.parent is not None]
        stdin = "".join(f"{parent}^{{tree}}\n" for parent in wanted).encode()
        names = self._git("cat-file", "--batch-check=%(objectname)", stdin=stdin).decode().split("\n")
        trees = {parent: name for parent, name in zip(wanted, names, strict=False) if OBJECT_ID.match(name)}
        return tuple(replace(row, parent_tree=trees.get(row.parent or "")) for row in rows)

    def tags(self) -> tuple[str, ...]:
        """Every tag by its whole name, sorted."""
        return tuple(self._git("for-each-ref", "--format=%(refname)", "refs/tags/").decode("utf-8", "replace").split())

    def contains(self, commit: str, tip: str) -> bool:
        """Whether a commit is another, or among those that it stands on (raises Unavailable MAG-E301)."""
        done = run_git(
            ["merge-base", "--is-ancestor", _known(commit), _known(tip)], git_dir=self._git_dir, extra=self._extra
        )
        if done.returncode not in {0, 1}:
            raise Unavailable("MAG-E301", f"git cannot compare `{commit[:12]}` with `{tip[:12]}`")
        return done.returncode == 0

    def list_tree(self, tree: str) -> tuple[TreeEntry, ...]:
        """Every path of a tree, recursively; a name that is not UTF-8 is shown with escapes.

        The last few trees are remembered, since an id names one tree; not where an object was not at hand.
        """
        if tree in self._listed:
            return self._listed[tree]
        entries = []
        for record in self._git("ls-tree", "-r", "-z", "-l", "--full-tree", _known(tree)).split(b"\0"):
            if record:
                head, _, name = record.partition(b"\t")
                mode, _, object_id, size = head.decode().split()
                entries.append(
                    TreeEntry(
                        path=name.decode(errors="backslashreplace"), mode=mode, object_id=object_id,
                        size=int(size) if size.isdigit() else -1,  # `BAD`: the object is not at hand
                    )
                )  # fmt: skip
        if all(entry.size >= 0 or entry.mode == GITLINK for entry in entries):
            while len(self._listed) >= KEPT_TREES:
                self._listed.pop(next(iter(self._listed)))
            self._listed[tree] = tuple(entries)
        return tuple(entries)

    def read_blobs(self, object_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Bytes by object id, each hashed again: what is read is what the id names.

        Raises:
            NotFound: MAG-E302 when one is missing or is no blob.
            Refused: MAG-E308 when the bytes do not hash to their id.
        """
        wanted = sorted({_known(object_id) for object_id in object_ids})
        if not wanted:
            return {}
        out = self._git("cat-file", "--batch", stdin="".join(f"{i}\n" for i in wanted).encode())
        found: dict[str, bytes] = {}
        offset = 0
        for object_id in wanted:
            end = out.index(b"\n", offset)
            head = out[offset:end].decode(errors="replace").split()
            if len(head) != 3 or head[1] != "blob":  # noqa: PLR2004  id, kind, size
                raise NotFound("MAG-E302", f"no blob `{object_id}` in this repository")
            size = int(head[2])
            content = out[end + 1 : end + 1 + size]
            if git_id("blob", content) != object_id:
                raise Refused("MAG-E308", f"the bytes of `{object_id}` are not what the id names")
            found[object_id] = content
            offset = end + 2 + size
        return found

    def read_path(self, tree: str, path: str) -> bytes | None:
        """Bytes of one regular file of a tree; None when there is no regular file of that name."""
        out = self._git("--literal-pathspecs", "ls-tree", "-z", "--full-tree", _known(tree), "--", path)
        for record in out.split(b"\0"):
            head, _, name = record.partition(b"\t")
            if record and name.decode(errors="replace") == path:
                mode, _, object_id = head.decode().split()
                return self.read_blobs([object_id])[object_id] if mode.startswith("100") else None
        return None

    def changes(self, base_tree: str, result_tree: str) -> tuple[FileChange, ...]:
        """Every changed path between two trees, sorted by path.

        A submodule entry has its commit in words as bytes, as git shows it.

        Raises:
            Refused: MAG-E305 for a path that is not UTF-8 or holds control characters.
        """
        out = self._git(
            "diff-tree", "-r", "--raw", "--no-renames", "--no-abbrev", "-z", _known(base_tree), _known(result_tree)
        )
        fields = out.split(b"\0")
        rows = [
            (*head.decode()[1:].split()[:4], acceptable_path(name))
            for head, name in zip(fields[::2], fields[1::2], strict=False)
        ]
        blobs = self.read_blobs(
            [o for m1, m2, o1, o2, _ in rows for m, o in ((m1, o1), (m2, o2)) if m not in {_NO_MODE, GITLINK}]
        )
        return tuple(
            FileChange(
                path=path, before=_side(mode1, id1, blobs), after=_side(mode2, id2, blobs),
                mode_before=None if mode1 == _NO_MODE else mode1, mode_after=None if mode2 == _NO_MODE else mode2,
            )
            for mode1, mode2, id1, id2, path in sorted(rows, key=lambda row: row[4].encode())
        )  # fmt: skip

    def landed(self, commit: str, limit: int) -> LandedRows:
        """The commit and what landed before it, along first parents; empty where it is no commit at hand."""
        return landed_rows(self._git, _known(commit), limit)

    def merged(self, commit: str, limit: int) -> Mapping[str, tuple[str, ...]]:
        """Subjects of the sides that the merges among the last `limit` landed commits brought, by merge."""
        return merged_subjects(self._git, _known(commit), limit)

    def altered(self, pairs: Sequence[tuple[str, str]]) -> Sequence[tuple[AlteredRow, ...] | None]:
        """What differs between each pair of trees; None for all where one is not at hand."""
        return altered_rows(self._git, [(_known(old), _known(new)) for old, new in pairs])

    def _parsed(self, expression: str) -> str:
        done = run_git(["rev-parse", "--verify", "--quiet", expression], git_dir=self._git_dir, extra=self._extra)
        found = done.stdout.decode(errors="replace").strip()
        if done.returncode != 0 or OBJECT_ID.match(found) is None:
            raise NotFound("MAG-E302", f"no `{expression[:80]}` in `{self._git_dir}`")
        return found

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        try:
            return git_output(arguments, git_dir=self._git_dir, stdin=stdin, extra=self._extra)
        except Unavailable as error:
            if "not a tree object" in error.message or "bad file" in error.message or "bad object" in error.message:
                raise NotFound("MAG-E302", error.message) from error
            raise


def _row(record: bytes) -> CommitRow:
    head, committed, title = record.decode(errors="replace").lstrip("\n").split("\n", 2)
    commit, tree, *parents = head.split()
    return CommitRow(
        commit=commit, tree=tree, parent=parents[0] if parents else None, parent_tree=None,
        committed=int(committed), title=title,
    )  # fmt: skip


def git_id(kind: str, content: bytes) -> str:
    """The SHA-1 object id that git gives these bytes."""
    head = f"{kind} {len(content)}\0".encode()
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def acceptable_path(name: bytes) -> str:
    """The path as text.

    Raises:
        Refused: MAG-E305 when it is not UTF-8 or holds control characters.
    """
    try:
        path = name.decode()
    except UnicodeDecodeError as error:
        raise Refused("MAG-E305", f"the path `{name[:80]!a}` is not UTF-8") from error
    if _CONTROL.search(path):
        raise Refused("MAG-E305", f"the path `{path[:80]!a}` holds control characters")
    return path


def object_folder(git_dir: Path) -> Path:
    """Where a git folder keeps its objects (a linked work tree shares another one's)."""
    out = git_output(["rev-parse", "--path-format=absolute", "--git-path", "objects"], git_dir=git_dir)
    return Path(out.decode().rstrip("\n"))


def _known(object_id: str) -> str:
    if OBJECT_ID.match(object_id) is None:
        raise Usage("MAG-E302", f"`{object_id[:80]!a}` is not an object id")
    return object_id


def _side(mode: str, object_id: str, blobs: Mapping[str, bytes]) -> bytes | None:
    if mode == _NO_MODE:
        return None
    return f"Subproject commit {object_id}\n".encode() if mode == GITLINK else blobs[object_id]
