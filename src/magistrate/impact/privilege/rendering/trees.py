"""One state of a tree as a renderer would find it: texts, symbolic links, and what is there and is no text.

Rule kept: what a tool is given is exactly what was looked at. A link, a submodule, a binary file and a
text that is not UTF-8 are never laid out; whatever would need one is not rendered.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from magistrate.domain.impact import FileChange
from magistrate.impact.base import BaseTree

LINK: Final = "120000"
REGULAR: Final = frozenset({"100644", "100755", "100664", None})
LOST: Final = "\ufffd"
"""Stands where bytes were that are no UTF-8: the text is not what is in the tree."""
MAX_LINKS: Final = 8


@dataclass(frozen=True, kw_only=True)
class State:
    """All that is known of one tree. `links` name their targets; `opaque` is there and is not read."""

    texts: Mapping[str, str]
    links: Mapping[str, str]
    opaque: frozenset[str]

    @cached_property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """The texts that stand directly in each folder; the folder of the tree itself is `""`."""
        found: dict[str, list[str]] = {}
        for path in self.texts:
            found.setdefault(posixpath.dirname(path), []).append(path)
        return {folder: tuple(sorted(paths)) for folder, paths in found.items()}

    @cached_property
    def kept(self) -> dict[str, object]:
        """What was worked out about this state already, by name."""
        return {}

    def below(self, folder: str) -> Iterator[str]:
        """The texts in a folder and in all folders in it."""
        return (path for path in self.texts if inside(path, folder))

    def odd_below(self, folder: str) -> list[str]:
        """What stands in a folder and is no text: links, binary files, submodules."""
        return sorted(path for path in (*self.links, *self.opaque) if inside(path, folder))

    def real(self, path: str) -> str | None:
        """Where a path leads once links are followed; the same path where it meets none, None where that leaves the tree."""
        for _ in range(MAX_LINKS):
            link = next((one for one in self.links if inside(path, one)), None)
            if link is None:
                return path
            end = plain_target(posixpath.dirname(link), self.links[link])
            if end is None:
                return None
            path = posixpath.normpath(posixpath.join(end, path[len(link) :].lstrip("/") or "."))
        return None


def inside(path: str, folder: str) -> bool:
    """Whether a path is a folder's, or is that folder."""
    return folder in {"", ".", path} or path.startswith(f"{folder}/")


def states_of(steps: Sequence[Sequence[FileChange]], base: BaseTree) -> list[State]:
    """The tree before the first step, and after each."""
    texts, links, opaque = dict(base.files), dict(base.links), set(base.opaque)
    seen: set[str] = set()
    for step in steps:
        for change in step:
            if change.path not in seen:
                seen.add(change.path)
                _put((texts, links, opaque), change.path, change.before, change.mode_before)
    states = [State(texts=texts, links=links, opaque=frozenset(opaque))]
    for step in steps:
        texts, links, opaque = dict(texts), dict(links), set(opaque)
        for change in step:
            _put((texts, links, opaque), change.path, change.after, change.mode_after)
        states.append(State(texts=texts, links=links, opaque=frozenset(opaque)))
    return states


def _put(
    tree: tuple[dict[str, str], dict[str, str], set[str]], path: str, content: bytes | None, mode: str | None
) -> None:
    texts, links, opaque = tree
    texts.pop(path, None)
    links.pop(path, None)
    opaque.discard(path)
    if content is None:
        return
    if mode == LINK:
        links[path] = content.decode("utf-8", "replace")
        return
    text = None if b"\0" in content or mode not in REGULAR else content.decode("utf-8", "replace")
    if text is None or LOST in text:
        opaque.add(path)
    else:
        texts[path] = text


def plain_target(folder: str, entry: str) -> str | None:
    """Where a relative path of a file in `folder` leads; None where that is outside of the tree, or no path."""
    if not entry or entry.startswith("/") or "\0" in entry or "\n" in entry:
        return None
    found = posixpath.normpath(posixpath.join(folder, entry))
    if found == ".." or found.startswith("../"):
        return None
    return "" if found == "." else found
