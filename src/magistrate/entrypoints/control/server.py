"""The process `magistrate control`: TCP for people and executor, a socket for front, one worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Final

import uvicorn

from magistrate.bootstrap.control import (
    Composed,
    check_log,
    compose,
    draw_token,
    drop_to,
    export_to,
    processes_alive,
    read_findings,
    unix_now,
)
from magistrate.entrypoints.control.app import control_app
from magistrate.entrypoints.control.desk import ControlParts
from magistrate.entrypoints.control.executor import EXECUTOR_DOORS
from magistrate.entrypoints.control.front_socket import FRONT_DOORS
from magistrate.entrypoints.control.people import PEOPLE_DOORS
from magistrate.entrypoints.control.trust import TRUST_DOORS
from magistrate.settings import HOST, load_settings, standing_walls

_LOG: Final = logging.getLogger("magistrate.control")
SOCKET_MODE: Final = 0o660
GRACE_SECONDS: Final = 3


def main(home: Path) -> int:
    """Serve until stopped.

    Raises:
        MagistrateError: when the log does not agree with the witness, or parts are not usable.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    composed = compose(load_settings(home))
    check_log(composed.store)
    if composed.office.disarmed:
        _LOG.error("disarmed, no warrant is issued: %s", composed.office.disarmed)
    worker = composed.worker.start()
    try:
        asyncio.run(_serve(composed))
    finally:
        composed.worker.stop()
        worker.join(GRACE_SECONDS)
        composed.store.close()
    return 0


def parts_of(composed: Composed) -> ControlParts:
    """The parts as the doors want them."""
    settings = composed.settings
    return ControlParts(
        deployment=settings.deployment, mode=settings.mode, walls=str(standing_walls(settings)),
        front_url=settings.front_url, store=composed.store, trust=composed.bench.trust, pen=composed.bench.pen,
        repositories=composed.repositories, now=unix_now, disarmed=composed.office.disarmed, draw=draw_token,
        export=export_to(composed.store), read_findings=read_findings(composed.repositories),
        processes=lambda: processes_alive(settings), drop=drop_to(settings.freeze),
        assessor=composed.office.assessor, polls=composed.office.polls,
        secrets_of=composed.secrets.of, wake=composed.worker.wake, alarms=composed.worker.alarms,
    )  # fmt: skip


async def _serve(composed: Composed) -> None:
    parts, settings = parts_of(composed), composed.settings
    path = settings.front_socket
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    common = {
        "log_level": "warning", "access_log": False, "server_header": False, "lifespan": "off",
        "timeout_graceful_shutdown": GRACE_SECONDS,
    }  # fmt: skip
    people = _Server(
        uvicorn.Config(
            control_app(parts, (*PEOPLE_DOORS, *TRUST_DOORS, *EXECUTOR_DOORS)),
            host=HOST,
            port=settings.ports.control,
            **common,  # type: ignore[arg-type]
        )
    )
    front = _Server(uvicorn.Config(control_app(parts, FRONT_DOORS), uds=str(path), **common))  # type: ignore[arg-type]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, people, front)
    ended = [asyncio.create_task(server.serve()) for server in (people, front)]
    await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
    _stop(people, front)
    await asyncio.gather(*ended)


class _Server(uvicorn.Server):
    """One of two servers in one loop; signals are handled once, outside."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _stop(*servers: uvicorn.Server) -> None:
    for server in servers:
        server.should_exit = True
