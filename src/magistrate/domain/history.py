"""What git tells of landed commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_LANDED: Final = 2_000
"""Commits along first parents, from the base commit on, that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedRow:
    """One commit of a first-parent history, with the whole text below its subject."""

    commit: str
    tree: str
    parent_tree: str | None
    subject: str
    body: str
    merge: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedRows:
    """A first-parent history, newest first; `whole` is false where objects end before its root and the limit."""

    rows: tuple[LandedRow, ...]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlteredRow:
    """One path between two trees: blob ids and modes, None where it is absent."""

    path: str
    before: str | None
    after: str | None
    mode_before: str | None
    mode_after: str | None
