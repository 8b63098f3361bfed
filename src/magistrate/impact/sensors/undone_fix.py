"""A change that takes back exactly what was landed to make something safe: for two people.

Facts of the history only raise here; where there is none the other sensors are what there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.earlier import Earlier, Landed
from magistrate.impact.undone import IS_SAFETY, said_for_safety, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoneFix:
    """Every file of a change that takes a fix for safety back."""

    name: str = "undone_fix"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """One finding, at the file as a whole."""
        found = None if base.earlier is None else said_for_safety(_undone(base.earlier), IS_SAFETY)
        if found is not None:
            yield Sensitivity(kind=ChangeClass.UNKNOWN, path=file.path, line=0, why=found)


def _undone(earlier: Earlier) -> tuple[Landed, ...]:
    if not whole(earlier):
        return tuple(row for row in earlier.landed if row.commit == earlier.of)
    at = next((at for at, row in enumerate(earlier.landed) if at and row.tree == earlier.result_tree), 0)
    return earlier.landed[:at]


SENSOR: Final = UndoneFix()
