"""Which provider minted a lease: the gate for what moves a ref, a system's or target's own for what changes that.

Rule kept (invariant 7): it follows from the row of the lease alone, so that after a crash each is ended where it was minted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from magistrate.errors import Unavailable
from magistrate.executor.ports import Mint

_SYSTEM: Final = "system:"
_TARGET: Final = "target:"


def system_ref(system: str) -> str:
    """What the lease on a system says where others name a ref; neither a ref nor a repository is called so."""
    return f"{_SYSTEM}{system}"


def target_ref(target: str) -> str:
    """The same for a target that is reached by a certificate."""
    return f"{_TARGET}{target}"


class Mints:
    """The gate, and each system and target by its place, as `system_ref` and `target_ref` write it."""

    def __init__(self, gate: Mint, places: Mapping[str, Mint]) -> None:
        self._gate = gate
        self._places = places

    def of(self, place: str) -> Mint:
        """Who mints for a place: that of a system or target, and the gate for whatever else.

        Raises:
            Unavailable: MAG-E404 for a place that the settings do not name; its leases stay open until they do again.
        """
        if not place.startswith((_SYSTEM, _TARGET)):
            return self._gate
        if place not in self._places:
            raise Unavailable(
                "MAG-E404", f"magistrate.toml names no `[{place[:60].replace(':', '.', 1)}]` any more, and a lease there is open",
                hint="name it again until the lease is confirmed dead",
            )  # fmt: skip
        return self._places[place]

    def every(self) -> Iterator[tuple[str, Mint]]:
        """All of them for reconciliation: each with its place, and nothing for the gate, which names its own."""
        yield "", self._gate
        yield from self._places.items()
