"""Every language of operations without a way back: one file and one line each."""

from __future__ import annotations

from typing import Final

from magistrate.impact.returning.model import Reader

READERS: Final[tuple[Reader, ...]] = ()
