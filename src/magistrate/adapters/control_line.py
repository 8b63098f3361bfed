"""Front's line to control: signed requests over a unix socket."""

from __future__ import annotations

import base64
import secrets
import time
from pathlib import Path
from typing import Final, TypeVar

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from magistrate.errors import CODES, MagistrateError, NotFound, Refused, Unavailable, Usage
from magistrate.wire.agent_api import FindingView
from magistrate.wire.canonical import digest
from magistrate.wire.document import document, seal_by_process
from magistrate.wire.front_api import (
    CaseStatus,
    FindingPage,
    Gathered,
    ReadNote,
    Receipt,
    Sealed,
    SealRequest,
    SessionQuestion,
    SessionView,
    TokenQuestion,
)
from magistrate.wire.request import REQUEST_SECONDS, Request, authorization_value

T = TypeVar("T")
_SECONDS: Final = 30.0
_KINDS: Final[dict[int, type[MagistrateError]]] = {400: Usage, 401: Refused, 403: Refused, 404: NotFound, 409: Refused}


def new_identifier(prefix: str) -> str:
    """A random identifier: prefix and 128 bits in base32."""
    return f"{prefix}-" + base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


class ControlSocket:
    """Asks control over its socket; every call is signed with front's key."""

    def __init__(self, socket: Path, key: Ed25519PrivateKey, deployment: str) -> None:
        transport = httpx.HTTPTransport(uds=str(socket), retries=1)
        self._client = httpx.Client(transport=transport, base_url="http://control", timeout=_SECONDS)
        self._key, self._deployment = key, deployment

    def ask(self, question: TokenQuestion) -> SessionView:
        """Who does this token belong to? Refused when to nobody, or to another client."""
        return self._call("token", question, SessionView)

    def record(self, note: ReadNote) -> str:
        """Have a read recorded; returns the receipt."""
        return self._call("reads", note, Receipt).receipt

    def gathered(self, session: str) -> Gathered:
        """What a session read so far."""
        return self._call("gathered", SessionQuestion(session=session), Gathered)

    def findings(self, session: str, limit: int, after: str) -> FindingPage:
        """Findings of the session's repository."""
        return self._call("findings", {"session": session, "limit": limit, "after": after}, FindingPage)

    def finding(self, session: str, finding: str) -> FindingView:
        """One finding of the session's repository."""
        return self._call("finding", {"session": session, "id": finding}, FindingView)

    def seal(self, request: SealRequest) -> Sealed:
        """Hand a signed proposal over."""
        return self._call("proposals", request, Sealed)

    def status(self, session: str, proposal: str) -> CaseStatus:
        """Where a proposal of the session stands."""
        return self._call("status", {"session": session, "id": proposal}, CaseStatus)

    def _call(self, name: str, content: object, kind: type[T]) -> T:
        path, body = f"/internal/v1/{name}", msgspec.json.encode(content)
        signed = document(
            Request(caller="front", method="POST", path=path, body_sha256=digest(body)),
            deployment=self._deployment, audience="control", id=new_identifier("req"),
            now=int(time.time()), lifetime=REQUEST_SECONDS,
        )  # fmt: skip
        headers = {"Authorization": authorization_value(seal_by_process(signed, self._key))}
        try:
            answer = self._client.post(path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable("MAG-E556", f"control does not answer: {error}") from error
        if answer.status_code != httpx.codes.OK:
            raise _error(answer)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            raise Unavailable("MAG-E556", f"control answered `{name}` in another shape: {error}") from error


def _error(answer: httpx.Response) -> MagistrateError:
    kind = _KINDS.get(answer.status_code, Unavailable)
    try:
        told = answer.json()["error"]
        code, message, hint = str(told["code"]), str(told["message"]), str(told["hint"])
    except (ValueError, KeyError, TypeError):
        code, message, hint = "", "", ""
    if code not in CODES:
        return Unavailable("MAG-E556", f"control answered with status {answer.status_code}")
    return kind(code, message, hint=hint)
