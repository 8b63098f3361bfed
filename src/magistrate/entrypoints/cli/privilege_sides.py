"""Two folders as one case: what differs is the change, what is alike stands around it, what is not read is said.

Rule kept: nothing is left out in silence. What cannot be read and is not the same on both sides is a row
of its own, `unknown`; what cannot be read and is the same is told beside the answer.
"""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from magistrate.errors import NotFound, Usage

MAX_FILE: Final = 2_000_000
MAX_ALL: Final = 48_000_000
SKIPPED: Final = frozenset({".git", "node_modules", ".terraform", ".venv"})
LARGE: Final = f"larger than {MAX_FILE // 1_000_000} MB"
LEAVES: Final = "a symbolic link that leaves the folder"
FOLDER: Final = "a symbolic link to a folder"
UNREADABLE: Final = "neither a file, a folder nor a link"


@dataclass(kw_only=True)
class Side:
    """One folder: contents by path, links to folders, and by path why something is not read and what tells it apart."""

    contents: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    unread: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The case, the rows for what is not read and differs, and sentences about all that is not read."""

    case: dict[str, Any]
    rows: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()


def sides_of(before: Path, after: Path) -> Sides:
    """Both sides as a case.

    Raises:
        NotFound: MAG-E251 where one is missing. Usage: MAG-E250 where they are of two kinds, or too much.
    """
    for side in (before, after):
        if not side.exists():
            raise NotFound("MAG-E251", f"there is no file or folder `{side}`")
    if before.is_dir() != after.is_dir():
        raise Usage("MAG-E250", "one side is a folder and the other a file", hint="name two files or two folders")
    if before.is_file():
        old, new = _content(before), _content(after)
        return Sides(case={"files": [{"path": after.name, "before": _form(old), "after": _form(new)}]})
    return _of_folders(_side(before), _side(after))


def _of_folders(old: Side, new: Side) -> Sides:
    changed = [
        path for path in sorted({*old.contents, *new.contents}) if old.contents.get(path) != new.contents.get(path)
    ]
    alike = {path: content for path, content in old.contents.items() if new.contents.get(path) == content}
    large = any(why == LARGE for side in (old, new) for why, _ in side.unread.values())
    case = {
        "files": [
            {"path": path, "before": _form(old.contents.get(path)), "after": _form(new.contents.get(path))} for path in changed
        ],
        "context": {
            "files": {path: content.decode() for path, content in alike.items() if _is_text(content)},
            "complete": not large,
            "links": old.links,
            "opaque": sorted(path for path, content in alike.items() if not _is_text(content)),
        },
    }  # fmt: skip
    rows = [_row(path, why) for path, why, differs in _unread(old, new, changed) if differs]
    notes = [
        f"not read, {why}: {path}{'' if differs else ' (the same on both sides)'}"
        for path, why, differs in _unread(old, new, changed)
    ]
    return Sides(case=case, rows=tuple(rows), notes=tuple(notes))


def _unread(old: Side, new: Side, changed: list[str]) -> list[tuple[str, str, bool]]:
    """What is not read on either side: path, why, and whether it may differ."""
    found = []
    for path in sorted({*old.unread, *new.unread}):
        sides = old.unread.get(path), new.unread.get(path)
        why = (sides[1] or sides[0] or ("", ""))[0]
        found.append((path, why, sides[0] != sides[1]))
    for path in sorted({*old.links, *new.links}):
        targets = old.links.get(path), new.links.get(path)
        behind = [
            posixpath.normpath(posixpath.join(posixpath.dirname(path), one)) for one in targets if one is not None
        ]
        moved = any(
            one == "." or other.startswith(f"{one}/") for one in behind for other in (*changed, *(p for p, *_ in found))
        )
        found.append((path, FOLDER, targets[0] != targets[1] or moved))
    return found


def _row(path: str, why: str) -> dict[str, Any]:
    witness = f"it is not read ({why}), and it is not the same on both sides"
    return {
        "domain": "files",
        "verdict": "unknown",
        "who": "somebody",
        "gains": f"{path}: {why}",
        "witness": witness,
        "path": path,
    }


def _side(folder: Path) -> Side:
    side, total, root = Side(), 0, folder.resolve()
    for place in sorted(folder.rglob("*")):
        inside = place.relative_to(folder)
        if SKIPPED & set(inside.parts):
            continue
        name, end = inside.as_posix(), place.resolve()
        if place.is_symlink() and (not end.is_relative_to(root) or not end.exists()):
            side.unread[name] = LEAVES, str(end if end.exists() else place.readlink())
        elif place.is_symlink() and end.is_dir():
            side.links[name] = os.path.relpath(end, place.parent.resolve())
        elif place.is_dir():
            continue
        elif not place.is_file():
            side.unread[name] = UNREADABLE, name
        elif place.stat().st_size > MAX_FILE:
            side.unread[name] = LARGE, _digest(place)
        else:
            total += place.stat().st_size
            if total > MAX_ALL:
                hint = "name the folders that hold the rights"
                raise Usage("MAG-E250", f"`{folder}` holds more than {MAX_ALL // 1_000_000} MB", hint=hint)
            side.contents[name] = _content(place)
    return side


def _content(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError as error:
        raise NotFound("MAG-E251", f"`{place}` cannot be read: {error.strerror}") from error


def _digest(place: Path) -> str:
    try:
        with place.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise NotFound("MAG-E251", f"`{place}` cannot be read: {error.strerror}") from error


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def _form(content: bytes | None) -> str | Mapping[str, str] | None:
    if content is None:
        return None
    return content.decode() if _is_text(content) else {"base64": base64.b64encode(content).decode()}
