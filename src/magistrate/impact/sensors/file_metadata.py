"""What git stores beside bytes: symbolic links, submodules, modes, additions and deletions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile

MEANING: Final = {"120000": "a symbolic link", "160000": "a submodule: code of another repository"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMetadata:
    """Reads the modes on both sides."""

    name: str = "file_metadata"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """Links, submodules, executable bits, names that collide with the base tree."""
        change = file.change
        old = change.mode_before if change.before is not None else None
        new = change.mode_after if change.after is not None else None
        for mode in sorted({mode for mode in (old, new) if mode in MEANING}):
            yield _found(file, f"{MEANING[mode]} changes what other names mean")
        if old is not None and new is not None and old != new:
            yield _found(file, f"the mode changes {old} -> {new}")
        if old is None and new == "100755":
            yield _found(file, "a new executable file")
        folded = file.path.casefold()
        if change.before is None and any(other != file.path and other.casefold() == folded for other in base.files):
            yield _found(file, "its name differs from an existing file by case only")


def _found(file: ChangedFile, why: str) -> Sensitivity:
    return Sensitivity(kind=ChangeClass.UNKNOWN, path=file.path, line=0, why=why)


SENSOR: Final = FileMetadata()
