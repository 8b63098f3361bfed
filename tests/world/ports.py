"""Ports for deployments that tests start."""

from __future__ import annotations

import secrets
import socket
from typing import Final

FIRST: Final = 20_000
BEYOND: Final = 32_768
"""Linux gives the local end of outgoing connections a port from here on: nothing of ours is to listen there."""


def four_free_ports() -> int:
    """The first of four neighbours that can be listened on now, chosen by chance: tests run side by side."""
    for _ in range(200):
        first = FIRST + secrets.randbelow((BEYOND - FIRST) // 4) * 4
        if all(_free(first + step) for step in range(4)):
            return first
    raise AssertionError("no free ports")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
