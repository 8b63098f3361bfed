"""Composition root of the gate: its repositories, its grants, its own pinned roster."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import uvicorn

from magistrate.adapters.own_roots import installed_policy, newest_pins
from magistrate.adapters.stop_files import read_stops
from magistrate.authority.admission import Pins
from magistrate.bootstrap.gate_assessor import GateAssessor
from magistrate.errors import Unavailable
from magistrate.gate.foreign import ForeignLeases
from magistrate.gate.grants import Grants
from magistrate.gate.grounds import Grounds
from magistrate.gate.halts import Halts
from magistrate.gate.repositories import Repositories, end_orphans
from magistrate.gate.service import Gate, GateParts
from magistrate.gate.stopping import Stopping
from magistrate.gate.stops import ToldStops
from magistrate.gate.workload import Workloads
from magistrate.settings import HOST, Settings, load_settings
from magistrate.wire.envelope import Envelope

GRACE_SECONDS: Final = 2


def main(home: Path) -> int:
    """Serve until stopped; whatever an earlier gate left running is ended first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_settings(home)
    end_orphans(settings.home)
    uvicorn.run(
        compose(settings).app(), host=HOST, port=settings.ports.gate, log_level="warning",
        access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip
    return 0


def unix_now() -> int:
    """Unix seconds, by the clock of this machine."""
    return int(time.time())


def compose(settings: Settings, now: Callable[[], int] = unix_now) -> Gate:
    """The gate of one home; `now` is its clock (Unix seconds)."""
    database = settings.home / "gate" / "gate.db"
    grants, pins = Grants(database), Pins(deployment=settings.deployment, roster=settings.pin())
    repositories = Repositories(settings.repositories)
    return Gate(
        GateParts(
            home=settings.home,
            pins=lambda: newest_pins(pins, settings.roster_path, settings.policy_path),
            repositories=repositories,
            judge=GateAssessor(repositories.path),
            grants=grants,
            halts=Halts(database, grants),
            foreign=ForeignLeases(database, grants),
            grounds=Grounds(database),
            workloads=Workloads(database, lambda: installed_policy(pins, settings.roster_path, settings.policy_path)),
            base_url=settings.gate_url,
            now=now,
            roster_chain=lambda: read_chain(settings.roster_path),
            stopping=Stopping(
                database, grants=grants, told=ToldStops(database), drop=lambda: read_stops(settings.freeze)
            ),
        )
    )


def read_chain(path: Path) -> Sequence[Envelope]:
    """The roster chain of a home, unverified.

    Raises:
        Unavailable: MAG-E344 when it cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Envelope, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise Unavailable("MAG-E344", f"the roster `{path}` cannot be read: {error}") from error
