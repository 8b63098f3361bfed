"""How far a change reaches, as far as its bytes say; what is not known counts as the widest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from magistrate.impact.base import ChangedFile

UNKNOWN_ENVIRONMENT: Final = "production"


def blast_radius(steps: Sequence[Sequence[ChangedFile]]) -> tuple[tuple[str, str], ...]:
    """Sorted facts: files touched, and `production` where no environment map says otherwise (R27)."""
    paths = {file.path for step in steps for file in step}
    return (("dependents", "unknown"), ("environments", UNKNOWN_ENVIRONMENT), ("files", str(len(paths))))
