"""Front as a program: the agents' HTTP door on the loopback interface."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import uvicorn

from magistrate.bootstrap.front import compose
from magistrate.entrypoints.front.answers import ANSWERS
from magistrate.entrypoints.front.app import FrontParts, front_app
from magistrate.settings import HOST, load_settings

GRACE_SECONDS: Final = 2


def main(home: Path) -> int:
    """Serve until stopped."""
    settings = load_settings(home)
    front = compose(settings)
    uvicorn.run(
        front_app(FrontParts(ask=front.ask, desk=front.desk, answers=dict(ANSWERS), known=front.known)),
        host=HOST,
        port=settings.ports.front,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return 0
