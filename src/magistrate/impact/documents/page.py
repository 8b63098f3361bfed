"""A page as its readers give it: running texts in their places, and everything that may not change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MAX_UNITS: Final = 20_000


class UnreadablePageError(Exception):
    """The page cannot be read with certainty; says why."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One step through a page: a running text, or a mark of structure.

    `place` names where it stands (`paragraph`, `heading`, `cell`, `list_item_open`); `text` is
    empty for a mark that says nothing more; `line` and `section` are never compared.
    """

    place: str
    text: str = ""
    running: bool = False
    line: int = 0
    section: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What two sides compare."""
        return self.place, self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Both readings of one side.

    `units` is the block structure; `fixed` are lines that have to stay byte for byte (code, raw
    markup, front matter, directives), with their numbers; `chunks` are the other lines as the line
    scanner puts them together: a mark of structure, or text.
    """

    units: tuple[Unit, ...]
    fixed: tuple[tuple[int, str], ...]
    chunks: tuple[tuple[int, str, bool], ...]
    references: Mapping[str, Any] = field(default_factory=dict)
    """What labels of links stand for, as the block reader found them."""
