"""A release of a package, as the registry tells of it and of those before it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release: `released` is RFC 3339; the words are those of `impact.dependencies.facts`."""

    released: str | None
    publisher: str = "unsaid"
    provenance: str = "unsaid"
    script: str = "unsaid"
    withdrawn: bool = False
