"""Which provider minted a lease: the gate for what moves a ref, a system's own for what changes that system.

Rule kept (invariant 7): it follows from the row of the lease alone, so that after a crash each is ended where it was minted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from magistrate.errors import Unavailable
from magistrate.executor.ports import Mint

_SYSTEM: Final = "system:"


def system_ref(system: str) -> str:
    """What the lease on a system says where others name a ref; neither a ref nor a repository is called so."""
    return f"{_SYSTEM}{system}"


class Mints:
    """The gate, and each system by its name."""

    def __init__(self, gate: Mint, systems: Mapping[str, Mint]) -> None:
        self._gate = gate
        self._systems = systems

    def of(self, place: str) -> Mint:
        """Who mints for a place: what `system_ref` gives for a system, and whatever else for the gate.

        Raises:
            Unavailable: MAG-E404 for a system that the settings do not name; its leases stay open until they do again.
        """
        if not place.startswith(_SYSTEM):
            return self._gate
        name = place.removeprefix(_SYSTEM)
        if name not in self._systems:
            raise Unavailable(
                "MAG-E404", f"magistrate.toml names no `[system.{name[:60]}]` any more, and a lease there is open",
                hint="name it again until the lease is confirmed dead",
            )  # fmt: skip
        return self._systems[name]

    def every(self) -> Iterator[tuple[str, Mint]]:
        """All of them for reconciliation: the place of each system, and nothing for the gate, which names its own."""
        yield "", self._gate
        for name, mint in self._systems.items():
            yield system_ref(name), mint
