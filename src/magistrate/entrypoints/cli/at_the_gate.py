"""The gate as a person asks it: its leases, and the repositories that foreign leases closed."""

from __future__ import annotations

from typing import Any

from magistrate.entrypoints.cli.client import Client
from magistrate.entrypoints.cli.frame import Frame
from magistrate.wire.times import unix_seconds

LEASES = "/gate/v1/leases"


def gate_client(frame: Frame) -> Client:
    """A client of the gate for this caller."""
    settings = frame.settings()
    return Client(settings.gate_url, frame.caller(), deployment=settings.deployment, audience="gate")


def closed_repositories(frame: Frame) -> list[dict[str, Any]]:
    """What foreign leases closed, as the gate says it (raises Unavailable MAG-E602, Refused)."""
    found: list[dict[str, Any]] = gate_client(frame).get(LEASES, limit=1)["closed"]
    return found


def words(closed: dict[str, Any]) -> str:
    """One closed repository in words."""
    return (
        f"{closed['repository']} is closed since {closed['since']}: the lease {closed['lease']} worked there"
        " and no execution had asked for it; `magistrate thaw` opens it"
    )


def found_at(closed: dict[str, Any]) -> int:
    """When it was found, in Unix seconds."""
    return unix_seconds(str(closed["since"]))
