"""What the assessor is told of a base tree: its text files, and whether that is all of them.

Texts are kept by blob between trees that follow each other, within a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from magistrate.ports import GitReader, TreeEntry

MAX_CONTEXT_FILE: Final = 4_000_000
"""Package managers keep themselves in repositories as one file of about 3 MB."""
MAX_CONTEXT: Final = 48_000_000
REGULAR: Final = frozenset({"100644", "100755"})
LINK: Final = "120000"
MAX_LOOKED: Final = 64_000_000
MAX_KEPT: Final = 200_000_000
PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".woff", ".woff2", ".ttf", ".otf", ".pdf", ".mp4")
NUL_WINDOW: Final = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTexts:
    """Blob ids of the text files of a tree, by path; `complete` is false where one had to be left out.

    `links` are its symbolic links with their targets, `opaque` all else that is there: pictures, binaries, submodules.
    """

    named: dict[str, str]
    complete: bool
    links: dict[str, str] = field(default_factory=dict)
    opaque: tuple[str, ...] = ()

    def beside(self) -> dict[str, Any]:
        """What stands beside the texts, in the form of the assess contract."""
        return {
            **({"links": self.links} if self.links else {}),
            **({"opaque": list(self.opaque)} if self.opaque else {}),
        }


@dataclass(kw_only=True)
class Texts:
    """Texts of one repository by blob id; None for what is no text."""

    git: GitReader
    kept: dict[str, str | None] = field(default_factory=dict)
    size: int = 0

    def of_tree(self, tree: str) -> BaseTexts:
        """What there is in a tree.

        What has a NUL byte in it is no text and is not missed; of large files `MAX_LOOKED` bytes
        are looked at, at most.
        """
        every = self.git.list_tree(tree)
        entries = [e for e in every if e.mode in REGULAR and not e.path.lower().endswith(PICTURES)]
        taken, total = [], 0
        for entry in entries:
            if 0 <= entry.size <= MAX_CONTEXT_FILE and total + entry.size <= MAX_CONTEXT:
                taken.append(entry)
                total += entry.size
        self._read(taken)
        named = {entry.path: entry.object_id for entry in taken if self.kept[entry.object_id] is not None}
        held = {entry.object_id for entry in taken}
        left = {entry.object_id: entry.size for entry in entries if entry.object_id not in held}
        links = self._links([entry for entry in every if entry.mode == LINK])
        opaque = tuple(entry.path for entry in every if entry.path not in named and entry.path not in links)
        return BaseTexts(named=named, complete=self._all_binary(left), links=links, opaque=opaque)

    def _links(self, entries: Sequence[TreeEntry]) -> dict[str, str]:
        read = self.git.read_blobs(sorted({entry.object_id for entry in entries})) if entries else {}
        return {entry.path: read[entry.object_id].decode("utf-8", "replace") for entry in entries}

    def text(self, name: str) -> str:
        """The text of a blob that `of_tree` named."""
        return self.kept[name] or ""

    def trim(self) -> None:
        """Forget everything where it has become too much; what was named before is no longer to be had."""
        if self.size > MAX_KEPT:
            self.kept.clear()
            self.size = 0

    def _read(self, entries: Sequence[TreeEntry]) -> None:
        missing = {entry.object_id for entry in entries} - self.kept.keys()
        for name, content in self.git.read_blobs(sorted(missing)).items():
            self.kept[name] = None if b"\0" in content[:NUL_WINDOW] else content.decode("utf-8", "replace")
            self.size += len(content)

    def _all_binary(self, left: dict[str, int]) -> bool:
        if min(left.values(), default=0) < 0 or sum(left.values()) > MAX_LOOKED:
            return False
        return all(b"\0" in self.git.read_blobs([name])[name] for name in left)


def context_of(git: GitReader, tree: str) -> dict[str, Any]:
    """The text files of one tree in the form of the assess contract."""
    texts = Texts(git=git)
    found = texts.of_tree(tree)
    files = {path: texts.text(name) for path, name in found.named.items()}
    return {"files": files, "complete": found.complete, **found.beside()}
