"""Whether a manifest and the lock beside it agree: each direct package is locked, within its range."""

from __future__ import annotations

from collections.abc import Iterable

from magistrate.impact.dependencies.pins import REGISTRY, Listing, Pinned
from magistrate.impact.dependencies.versions import holds


def disagreement(asked: Iterable[Pinned], held: Listing) -> str | None:
    """The first direct package that the lock does not hold as it is asked for, in words; or None."""
    versions: dict[str, list[str]] = {}
    for pin in held.pins:
        versions.setdefault(pin.name, []).append(pin.version)
    for pin in asked:
        if not pin.origin.startswith(REGISTRY):
            continue
        if pin.name not in versions:
            return f"{pin.name} is asked for and the lock does not have it"
        wanted = f"=={pin.version}" if pin.exact and pin.version[:1].isdigit() else pin.version
        if wanted and all(holds(wanted, one) is False for one in versions[pin.name]):
            return f"{pin.name} `{wanted}` is asked for and the lock has {versions[pin.name][0]}"
    return None
