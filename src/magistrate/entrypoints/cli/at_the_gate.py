"""The gate as a person asks it: its leases, and the repositories that foreign leases closed."""

from __future__ import annotations

from typing import Any

import click
import httpx
import msgspec

from magistrate.authority.stops import Stops
from magistrate.entrypoints.cli.client import Client, said
from magistrate.entrypoints.cli.frame import Frame
from magistrate.errors import MagistrateError, Unavailable
from magistrate.settings import Settings
from magistrate.wire.envelope import Envelope
from magistrate.wire.gate_api import StopList
from magistrate.wire.times import unix_seconds

LEASES = "/gate/v1/leases"
STOPS = "/gate/v1/stops"
_SECONDS = 5.0


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


def tell_gate(settings: Settings, envelope: Envelope) -> dict[str, Any]:
    """Hand a freeze, thaw or withdrawal to the gate's own door; what it answers.

    Raises:
        Unavailable: MAG-E602 when it does not answer. Refused, Usage: as it said.
    """
    try:
        answer = httpx.post(settings.gate_url + STOPS, content=envelope.encode(), timeout=_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        raise Unavailable(
            "MAG-E602", f"gate at {settings.gate_url} does not answer ({type(error).__name__})"
        ) from error
    if answer.status_code != httpx.codes.OK:
        raise said(answer)
    found: dict[str, Any] = answer.json()
    return found


def stops_at_gate(frame: Frame) -> tuple[Stops, bool]:
    """What people told the gate itself, and whether it could be asked; where not, that is said on stderr."""
    try:
        found = msgspec.convert(gate_client(frame).get(STOPS), StopList)
    except (MagistrateError, msgspec.ValidationError) as error:
        why = error.message if isinstance(error, MagistrateError) else str(error)
        click.echo(f"what people told the gate itself is not known: {why}", err=True)
        return Stops(), False
    return Stops(kept=found.freezes, thaws=found.thaws, withdrawals=found.withdrawals), True
