"""The registries that `magistrate assess --registries` asks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from magistrate.adapters.registries import crates, go_proxy, npm, pypi
from magistrate.adapters.registries.asking import Asking
from magistrate.errors import Usage
from magistrate.usecases.registry_facts import Facts, Registry

ADDRESSES: Final[Mapping[str, str]] = {
    "cargo": crates.ADDRESS, "go": go_proxy.ADDRESS, "npm": npm.ADDRESS, "pypi": pypi.ADDRESS,
}  # fmt: skip
KINDS: Final[Mapping[str, Callable[[Asking], Registry]]] = {
    "cargo": crates.CratesIo, "go": go_proxy.GoProxy, "npm": npm.Npm, "pypi": pypi.PyPI,
}  # fmt: skip


def registries(named: Sequence[str], now: Callable[[], float] = time.time) -> Facts:
    """Official registries; each `NAME=URL` puts another in the place of one, such as a company's mirror.

    Raises:
        Usage: MAG-E250 for a name or an address that is none.
    """
    addresses = dict(ADDRESSES)
    for one in named:
        name, _, address = one.partition("=")
        if name not in addresses or not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._/~-]*)?", address):
            known = ", ".join(addresses)
            raise Usage(
                "MAG-E250", f"`{one[:80]}` is no registry", hint=f"write NAME=URL, where NAME is one of {known}"
            )
        addresses[name] = address
    return Facts(
        registries={name: KINDS[name](Asking(address)) for name, address in addresses.items()}, now=lambda: int(now())
    )
