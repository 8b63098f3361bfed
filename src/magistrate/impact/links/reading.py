"""Both readings of a repository's links together: what its files name, and what it declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from magistrate.domain.links import Declared, Ends
from magistrate.errors import Usage
from magistrate.impact.links.declared import UnclearLinksError, links_in
from magistrate.impact.links.found import privileged_in, references_in


def ends_of(texts: Iterable[Mapping[str, str]]) -> Ends:
    """What several states of a repository name and declare, together; what is unclear in one is unclear."""
    states = list(texts)
    unclear = ""
    declared: set[Declared] = set()
    for files in states:
        try:
            declared |= links_in(files)
        except UnclearLinksError as error:
            unclear = str(error)[:900]
    return Ends(
        references=frozenset().union(*map(references_in, states)),
        declared=frozenset(declared),
        privileged=frozenset().union(*map(privileged_in, states)),
        unclear=unclear,
    )


def told(ends: Ends) -> dict[str, Any]:
    """The form that crosses the walls."""
    return {
        "references": [[one.kind, one.name, one.path] for one in sorted(ends.references)],
        "declared": [list(one) for one in sorted(ends.declared)],
        "privileged": sorted(ends.privileged),
        "unclear": ends.unclear,
    }


def texts_of(value: object) -> list[dict[str, str]]:
    """States of a repository out of a request: texts by path.

    Raises:
        Usage: MAG-E250 for another shape.
    """
    states = value if isinstance(value, list) else [None]
    found: list[dict[str, str]] = []
    for files in states:
        if not isinstance(files, dict) or not all(isinstance(one, str) for pair in files.items() for one in pair):
            raise Usage("MAG-E250", "`texts` is a list of maps from paths to texts")
        found.append(files)
    return found
