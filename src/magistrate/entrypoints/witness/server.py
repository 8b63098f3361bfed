"""Door of the witness: C2SP tlog-witness v1.0.0 over HTTP, and a read door for monitors.

`POST /add-checkpoint`, `GET /<hex sha256 of the origin>/checkpoint`. Started by
`magistrate witness`, or alone: `python -m magistrate.entrypoints.witness.server witness.toml`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from magistrate.adapters.stores.witness import WitnessStore
from magistrate.bootstrap.witness import WitnessConfig, compose, load_config
from magistrate.errors import MagistrateError
from magistrate.ledger.submission import Rejection

MAX_BODY: Final = 65_536


def application(store: WitnessStore) -> Starlette:
    """The HTTP application over a witness's state."""

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                return PlainTextResponse("request too large\n", 413)
        try:
            line = await run_in_threadpool(store.add_checkpoint, bytes(body))
        except Rejection as rejection:
            if rejection.size is not None:
                return Response(f"{rejection.size}\n", rejection.status, media_type="text/x.tlog.size")
            return PlainTextResponse(f"{rejection.reason}\n", rejection.status)
        return PlainTextResponse(line)

    async def checkpoint(request: Request) -> Response:
        note = await run_in_threadpool(store.checkpoint, request.path_params["origin"])
        if note is None:
            return PlainTextResponse("no checkpoint of such a log\n", 404)
        return PlainTextResponse(note, headers={"Cache-Control": "no-store"})

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{origin}/checkpoint", checkpoint, methods=["GET"]),
        ]
    )


def main(config: Path | WitnessConfig) -> None:
    """Run a witness until it is told to stop.

    `config` is a `WitnessConfig`, a `witness.toml`, or a home that holds `witness/witness.toml`.

    Raises:
        Usage: MAG-E223 or MAG-E200 when the settings are not usable.
    """
    if isinstance(config, Path):
        config = load_config(config / "witness" / "witness.toml" if config.is_dir() else config)
    store = compose(config)
    try:
        uvicorn.run(application(store), host=config.host, port=config.port, log_level="warning", access_log=False)
    finally:
        store.close()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except MagistrateError as error:
        sys.exit(error.diagnostics())
