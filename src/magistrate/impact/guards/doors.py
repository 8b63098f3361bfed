"""Doors of an application on one side of a change: routes, functions, classes, settings, and what each asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from magistrate.impact.guards.formula import Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One demand; `line` is 1-based on its own side, `written` is how the text says it."""

    formula: Formula
    line: int
    written: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done only where a condition holds; its text is made where somebody asks for it."""

    text: Callable[[], str]
    when: Formula
    line: int

    @property
    def what(self) -> str:
        """The text of what is done."""
        return self.text()


@dataclass(slots=True, kw_only=True)
class Door:
    """A place that somebody comes to; `guards` are all asked, `openers` say that nobody is.

    `within` is the key of what holds it (a class, a router, an application), whose guards hold here too.
    `list_of`: the values are allowed ones (origins, hosts), so that another one is a widening.
    """

    key: str
    named: str
    line: int
    routes: tuple[str, ...] = ()
    guards: list[Guard] = field(default_factory=list)
    openers: dict[str, int] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    inherited: list[Guard] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    allowed: frozenset[str] | None = None
    holder: bool = False
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """All doors of one side by key; `bodies` are local definitions of guards by name, to know one that is only renamed."""

    doors: Mapping[str, Door]
    bodies: Mapping[str, str]

    def effective(self, door: Door, depth: int = 0) -> list[Guard]:
        """Its own guards and those of what holds it."""
        found = [*door.guards, *door.inherited]
        if depth < 6:  # noqa: PLR2004
            for key in door.within:
                above = self.doors.get(key)
                if above is not None and above is not door:
                    found += self.effective(above, depth + 1)
        return found
