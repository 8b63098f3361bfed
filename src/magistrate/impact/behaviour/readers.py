"""Which reader names the behaviour of which file; the first that knows the file says what differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.behaviour import changed_lines, python_text, settings, trees
from magistrate.impact.behaviour.facts import Named

Reader = Callable[[ChangedFile], "Named | None"]
"""What differs, or None where the reader does not know such a file or cannot read a side."""
READERS: Final[tuple[Reader, ...]] = (python_text.read, trees.read, settings.read, changed_lines.read)


def read(file: ChangedFile) -> Named:
    """What can be named, by the first reader that can read both sides; a reader that fails has read nothing."""
    for reader in READERS:
        try:
            found = reader(file)
        except Exception:  # noqa: BLE001 - a crash costs this file its names, never its entry
            found = None
        if found is not None:
            return found
    return Named(found=())
