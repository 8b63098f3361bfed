"""Front's HTTP door: `POST /api/v1/agent/<tool>`, for assistants with a session token.

Rule kept (invariants 1 and 6): every tool reads or drafts; each read is recorded before it is
served; the session decides what is seen, never an argument. The list of tools is
`wire.agent_api.TOOLS` and nothing beyond it is routed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from magistrate.errors import MagistrateError, Refused, Usage
from magistrate.usecases.desk import Desk
from magistrate.wire.agent_api import TOOLS
from magistrate.wire.front_api import SessionView, TokenQuestion

MAX_BODY_BYTES: Final = 3_000_000
MIN_SECRET_CHARACTERS: Final = 20
_STATUS: Final = {1: 403, 2: 400, 3: 404, 4: 503}
_LOG: Final = logging.getLogger("magistrate.front")

Asking = Callable[[TokenQuestion], SessionView]
Answer = Callable[[Desk, Any], msgspec.Struct]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontParts:
    """What the app needs: who a token belongs to, a desk for a session, an answer for each tool.

    `known` is the number of known secrets, which `/health` tells.
    """

    ask: Asking
    desk: Callable[[SessionView], Desk]
    answers: dict[str, Answer]
    known: int = 0


def front_app(parts: FrontParts) -> Starlette:
    """The ASGI application; refuses to start when a tool has no answer or an answer no tool."""
    if set(parts.answers) != set(TOOLS):
        raise AssertionError("every tool has exactly one answer")
    routes = [Route("/health", _health(parts), methods=["GET"])]
    routes += [Route(f"/api/v1/agent/{tool}", _route(parts, tool), methods=["POST"]) for tool in sorted(TOOLS)]
    return Starlette(routes=routes, exception_handlers={HTTPException: _plain})


def _health(parts: FrontParts) -> Callable[[Request], Awaitable[Response]]:
    async def health(request: Request) -> Response:  # noqa: ARG001  the shape of a route
        return JSONResponse({"alive": True, "known_secrets": parts.known})

    return health


async def _plain(request: Request, error: Exception) -> Response:  # noqa: ARG001  the shape of a handler
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "there is no such tool", 405: "tools are called with POST"}
    message = words.get(status, "the request could not be served")
    return JSONResponse({"error": {"code": "MAG-E555", "message": message, "hint": ""}}, status)


def _route(parts: FrontParts, tool: str) -> Callable[[Request], Awaitable[Response]]:
    arguments = TOOLS[tool][0]
    answer = parts.answers[tool]

    async def call(request: Request) -> Response:
        try:
            question = _question(request)
            body = await _body(request)
            wanted = _decode(body, arguments)
            reply = await run_in_threadpool(_serve, parts, question, answer, wanted)
        except MagistrateError as error:
            _LOG.info("%s: %s", tool, error.code)
            return _refusal(error)
        return Response(msgspec.json.encode(reply), media_type="application/json")

    return call


def _serve(parts: FrontParts, question: TokenQuestion, answer: Answer, wanted: msgspec.Struct) -> msgspec.Struct:
    session = parts.ask(question)
    return answer(parts.desk(session), wanted)


def _question(request: Request) -> TokenQuestion:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    client = request.headers.get("magistrate-client", "")
    if scheme != "Bearer" or min(len(token), len(client)) < MIN_SECRET_CHARACTERS:
        raise Refused(
            "MAG-E550",
            "the call carries no session token or no client secret",
            hint="open a session with `magistrate session open` and start `magistrate mcp` with its file",
        )
    return TokenQuestion(token_sha256=_sha256(token), client_sha256=_sha256(client))


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise Usage("MAG-E542", f"the call is larger than {MAX_BODY_BYTES} bytes")
        parts.append(chunk)
    return b"".join(parts)


def _decode(body: bytes, kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Usage("MAG-E552", f"wrong arguments: {error}") from error


def _refusal(error: MagistrateError) -> Response:
    status = 401 if error.code == "MAG-E550" else _STATUS[error.exit_status]
    return JSONResponse({"error": {"code": error.code, "message": error.message, "hint": error.hint}}, status)
