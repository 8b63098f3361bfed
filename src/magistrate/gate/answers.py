"""How the gate's HTTP door reads a request and words an answer.

Rule kept: a body has a bound before it is read; what is compared is what runs, so a push is decompressed
here; an answer that refuses says code, reason and what to do, and never a token.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import zlib
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from magistrate.errors import MagistrateError, Refused, Usage
from magistrate.gate.repositories import MAX_PUSH_BYTES

MAX_DOCUMENT_BYTES: Final = 16_000_000
_STATUS: Final = {1: 403, 2: 400, 3: 404, 4: 503}
T = TypeVar("T")


def refusal(error: MagistrateError) -> Response:
    """The answer to a request that is refused or fails."""
    content = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
    status = 401 if error.code in {"MAG-E333", "MAG-E106", "MAG-E107"} else _STATUS[error.exit_status]
    return JSONResponse(content, status)


def token_of(request: HttpRequest) -> str:
    """The credential of a push, as bearer or as the password of basic (raises Refused MAG-E333)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            value = base64.b64decode(value).decode().partition(":")[2]
    if scheme.lower() not in {"bearer", "basic"} or not value:
        raise Refused("MAG-E333", "the push carries no credential")
    return value


async def body_of(request: HttpRequest, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """The body of a request, at most `limit` bytes (raises Usage MAG-E343)."""
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Usage("MAG-E343", f"the request is larger than {limit} bytes")
        parts.append(chunk)
    return b"".join(parts)


async def push_body(request: HttpRequest) -> bytes:
    """The body as git will see it; decompressed here, so that what was compared is what runs."""
    raw = await body_of(request, MAX_PUSH_BYTES)
    if request.headers.get("content-encoding", "") != "gzip":
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            plain = stream.read(MAX_PUSH_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Usage("MAG-E343", "the push is not valid gzip") from error
    if len(plain) > MAX_PUSH_BYTES:
        raise Usage("MAG-E343", f"the push is larger than {MAX_PUSH_BYTES} bytes")
    return plain


def decoded(body: bytes, kind: type[T]) -> T:
    """A structure of this kind (raises Usage MAG-E102)."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Usage("MAG-E102", f"not a {kind.__name__}: {error}") from error


def answered(value: object) -> Response:
    """A structure as the answer."""
    return Response(msgspec.json.encode(value), media_type="application/json")


def number_of(request: HttpRequest, name: str, default: int) -> int:
    """A number of the query, above 0 (raises Usage MAG-E343)."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 0):  # noqa: PLR2004  fits the database
        raise Usage("MAG-E343", f"`{name}` is a number above 0, not `{text[:20]}`")
    return int(text)
