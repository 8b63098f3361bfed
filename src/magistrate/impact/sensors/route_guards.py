"""Guards of an application: what a route, a class, a function or a default asks for less than before.

It reads both sides as trees and compares them door by door (`impact/guards`), and only ever adds findings. Where a
side with guards on its changed lines cannot be read, that itself is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.guards.reading import UNREAD, compared, speaks_of_guards


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGuards:
    """Every door that asks for less, at its line."""

    name: str = "route_guards"

    def sense(self, file: ChangedFile, base: BaseTree) -> Iterable[Sensitivity]:
        """One finding for each thing that asks for less, or one for the file where nobody can tell."""
        del base
        if not speaks_of_guards(file):
            return
        found = compared(file)
        if found is None:
            line = next((line.number for line in file.lines), 0)
            yield Sensitivity(kind=ChangeClass.AUTHENTICATION, path=file.path, line=line, why=UNREAD)
            return
        for one in found:
            kind = ChangeClass.PERMISSIONS if one.roles else ChangeClass.AUTHENTICATION
            yield Sensitivity(kind=kind, path=file.path, line=one.line, why=one.why)


SENSOR: Final = RouteGuards()
