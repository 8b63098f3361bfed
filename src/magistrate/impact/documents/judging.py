"""What a comparison of two sides of a page knows about its place, and what it found on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from magistrate.impact.documents.atoms import Atom, Kind


@dataclass(slots=True, kw_only=True)
class Judge:
    """What a comparison knows about its place, and which changed links it let pass so far (`leads`).

    `link` says why a target may not change; `ordinary` whether a word is in use here or in English;
    `misspelt` whether it is used nowhere else; `anchored` whether something links to a heading;
    `marks` reads the inline structure of a text by another front end.
    """

    link: Callable[[str, str], str | None]
    ordinary: Callable[[str], bool]
    misspelt: Callable[[str], bool]
    anchored: Callable[[str], bool]
    marks: Callable[[str, Mapping[str, Any]], list[tuple[str, ...]]] | None = None
    references: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
    leads: set[tuple[str, str]] = field(default_factory=set)


def sign_of(atom: Atom) -> tuple[str, str]:
    """What both sides compare of a sign: what it is, whether a blank stands before it, and all but a target."""
    shown = "" if atom.kind is Kind.TARGET else atom.text
    return f"{atom.kind}{'+' if atom.glued else ''}", shown
