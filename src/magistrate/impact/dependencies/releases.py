"""Which releases come with a change: what somebody who asks a registry has to ask about.

Rule kept: a manifest or lock is read here, behind the walls, and whoever goes to the network gets names and
versions of a plain form only. A release that a file takes from another registry than the public one is not asked
about: its name would leave the house, and the public registry knows another package of that name, or none. A
file that cannot be read names nothing, and is judged without facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.dependencies.known import listing_of
from magistrate.impact.dependencies.pins import REGISTRY, Listing, Pinned
from magistrate.impact.languages.reading import UnreadableError

ASKED: Final = frozenset({"cargo", "go", "npm", "pypi"})
"""Ecosystems whose registries say when a release came."""
PUBLIC: Final = frozenset(
    {REGISTRY, *(f"{REGISTRY} {host}" for host in ("crates.io", "pypi.org", "registry.npmjs.org"))}
)
"""Origins that stand for the public registry of an ecosystem, or say nothing of another."""
OTHER_INDEX: Final = rx(r"(?m)^\s*(?:--(?:extra-)?index-url|-i|--find-links|-f)\b")
"""A line of pip's by which bare names may come from elsewhere."""
NAME: Final = rx(r"@?[A-Za-z0-9][A-Za-z0-9._~-]*(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
VERSION: Final = rx(r"v?[0-9][0-9A-Za-z.+!_-]*", re.ASCII)
MAX_TEXT: Final = 200


def releases_of(file: ChangedFile) -> tuple[tuple[Pinned, ...], int]:
    """Releases of public registries that the new side names and the old one does not, in order, each once.

    Second: how many more come from other registries.
    """
    change = file.change
    if change.after is None:
        return (), 0
    try:
        new = listing_of(file.path, file.after)
        old = None if change.before is None else listing_of(file.path, file.before)
    except UnreadableError:
        return (), 0
    had = {_key(pin) for pin in old.pins} if old is not None else set()
    fresh = {_key(pin): pin for pin in _named(new) if _key(pin) not in had}
    elsewhere = OTHER_INDEX.search(file.after) is not None
    public = tuple(fresh[key] for key in sorted(fresh) if fresh[key].origin in PUBLIC and not elsewhere)
    return public, len(fresh) - len(public)


def _named(side: Listing) -> Iterable[Pinned]:
    for pin in side.pins:
        exact = (side.lock or pin.exact) and not pin.movable
        if exact and pin.ecosystem in ASKED and pin.origin.startswith(REGISTRY) and _plain(pin):
            yield pin


def _plain(pin: Pinned) -> bool:
    short = len(pin.name) <= MAX_TEXT and len(pin.version) <= MAX_TEXT
    dots = any(part in {".", ".."} for part in pin.name.split("/"))
    return short and not dots and bool(NAME.fullmatch(pin.name)) and bool(VERSION.fullmatch(pin.version))


def _key(pin: Pinned) -> tuple[str, str, str]:
    return pin.ecosystem, pin.name, pin.version
