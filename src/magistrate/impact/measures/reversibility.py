"""Whether the inverse change brings everything back (R30)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity

LASTING: Final = frozenset(
    {ChangeClass.MIGRATION, ChangeClass.RELEASE, ChangeClass.SECRETS, ChangeClass.INFRASTRUCTURE}
)


def reversible(sensitivities: Iterable[Sensitivity]) -> str:
    """`yes` for a plain git change; `no` where data, releases, secrets or resources outlive it."""
    return "no" if any(found.kind in LASTING for found in sensitivities) else "yes"
