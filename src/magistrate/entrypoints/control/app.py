"""The doors of control: people and executor over TCP, front over its own socket.

Rule kept: every door has its own routes and callers; every answer is JSON, errors too; a body
has a limit; nothing runs before the caller is known.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from magistrate.domain.finding import MAX_SCAN_BYTES
from magistrate.entrypoints.control.authentication import PEOPLE, authenticate
from magistrate.entrypoints.control.desk import Asked, ControlParts
from magistrate.errors import MagistrateError, Usage

MAX_BODY: Final = 16_000_000
SPLIT: Final = "scan part by part, one file each"
_UNAUTHENTICATED: Final = frozenset({"MAG-E105", "MAG-E106", "MAG-E107", "MAG-E110", "MAG-E453"})
_CONFLICT: Final = frozenset({"MAG-E464", "MAG-E465", "MAG-E467", "MAG-E109"})
_STATUS: Final = {1: 403, 2: 400, 3: 404, 4: 503}

Act = Callable[[ControlParts, Asked], Any]
FileAct = Callable[[ControlParts, Asked, Path], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One route: method, path, who may, and what it does; `file` takes the body as a file."""

    method: str
    path: str
    act: Act | None = None
    file: FileAct | None = None
    doors: tuple[str, ...] = (PEOPLE,)


def control_app(parts: ControlParts, doors: tuple[Door, ...]) -> Starlette:
    """An application with these doors."""
    routes = [Route(door.path, _endpoint(parts, door), methods=[door.method]) for door in doors]
    return Starlette(routes=routes, exception_handlers={HTTPException: _http_error, Exception: _bug})


def answer(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def refusal(error: MagistrateError) -> Response:
    """An error as JSON with its HTTP status."""
    status = _STATUS[error.exit_status]
    if error.code in _UNAUTHENTICATED:
        status = 401
    elif error.code in _CONFLICT:
        status = 409
    elif error.code == "MAG-E455":
        status = 413
    return answer({"error": {"code": error.code, "message": error.message, "hint": error.hint}}, status)


def _endpoint(parts: ControlParts, door: Door) -> Callable[[HttpRequest], Any]:
    async def endpoint(http: HttpRequest) -> Response:
        try:
            if door.file is not None:
                return await _with_file(parts, door, http)
            body = await _body(http)
            return await run_in_threadpool(_serve, parts, door, http, body)
        except MagistrateError as error:
            return refusal(error)

    return endpoint


def _serve(parts: ControlParts, door: Door, http: HttpRequest, body: bytes) -> Response:
    asked = _asked(parts, door, http, body, "sha256:" + hashlib.sha256(body).hexdigest())
    assert door.act is not None  # noqa: S101  a door without a file has an act
    made = door.act(parts, asked)
    return made if isinstance(made, Response) else answer(made)


def _asked(parts: ControlParts, door: Door, http: HttpRequest, body: bytes, body_sha256: str) -> Asked:
    now = parts.now()
    caller = authenticate(parts, http, body_sha256, door.doors, now)
    query: Mapping[str, str] = dict(http.query_params)
    params = {name: str(value) for name, value in http.path_params.items()}
    return Asked(caller=caller, params=params, query=query, body=body, now=now)


async def _body(http: HttpRequest) -> bytes:
    parts, size = [], 0
    async for chunk in http.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise Usage("MAG-E455", f"a body of more than {MAX_BODY} bytes")
        parts.append(chunk)
    return b"".join(parts)


async def _with_file(parts: ControlParts, door: Door, http: HttpRequest) -> Response:
    """Stream the body to a file, then act; the signature covers its digest."""
    total, size = hashlib.sha256(), 0
    with tempfile.TemporaryDirectory(prefix="magistrate-body-") as folder:
        path = Path(folder) / "body"
        with path.open("wb") as stream:
            async for chunk in http.stream():
                size += len(chunk)
                if size > MAX_SCAN_BYTES:
                    raise Usage("MAG-E455", f"the file is larger than {MAX_SCAN_BYTES // 1_000_000} MB", hint=SPLIT)
                total.update(chunk)
                await run_in_threadpool(stream.write, chunk)
        return await run_in_threadpool(_serve_file, parts, door, http, path, "sha256:" + total.hexdigest())


def _serve_file(parts: ControlParts, door: Door, http: HttpRequest, path: Path, body_sha256: str) -> Response:
    asked = _asked(parts, door, http, b"", body_sha256)
    assert door.file is not None  # noqa: S101  chosen by the caller
    return answer(door.file(parts, asked, path))


async def _http_error(_request: HttpRequest, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "there is no such door", 405: "this door does not take that method"}
    message = words.get(status, "the request cannot be answered")
    return answer({"error": {"code": "MAG-E450", "message": message, "hint": ""}}, status)


async def _bug(_request: HttpRequest, _error: Exception) -> Response:
    message = "control failed on this request; its log says more"
    return answer({"error": {"code": "MAG-E468", "message": message, "hint": ""}}, 503)
