"""Content that a reviewer cannot read: binary, minified, encoded. What is generated says `vendored`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import PROSE, BaseTree, ChangedFile
from magistrate.impact.compiled import rx

BLOB: Final = rx(r"[A-Za-z0-9+/=]{160,}|(?:\\x[0-9a-fA-F]{2}){30,}")
LONG: Final = 1_000
SPREAD: Final = rx(r"[^\S\n]{8}|\S{200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """Says what makes the content unreadable."""

    name: str = "binary"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """At most one finding a reason."""
        del base
        sides = [side for side in (file.change.before, file.change.after) if side is not None]
        if any(b"\0" in side or _undecodable(side) for side in sides):
            yield _found(file, 0, "binary content: nobody can review it as text")
            return
        for line in file.added:
            if (len(line.text) > LONG and not _paragraph(file, line.text)) or BLOB.search(line.text):
                yield _found(file, line.number, "minified or encoded content: nobody can review it as text")
                break


def _paragraph(file: ChangedFile, text: str) -> bool:
    """Whether a long line of a page is words between single blanks, with nothing pushed out of sight."""
    return PROSE.search(file.path) is not None and SPREAD.search(text) is None


def _undecodable(side: bytes) -> bool:
    try:
        side.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _found(file: ChangedFile, line: int, why: str) -> Sensitivity:
    return Sensitivity(kind=ChangeClass.UNKNOWN, path=file.path, line=line, why=why)


SENSOR: Final = Binary()
