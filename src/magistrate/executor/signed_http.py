"""The executor's side of an HTTP border: every request signed, every answer typed or an error.

Rule kept: no proxy, no redirect, no cookie; an answer in another shape is Unavailable, never a
yes; the body of an answer is not repeated in an error, since one of them holds a token.
"""

from __future__ import annotations

from typing import Final, TypeVar

import httpx
import msgspec

from magistrate.errors import CODES, MagistrateError, NotFound, Refused, Unavailable, Usage
from magistrate.executor.identity import Identity
from magistrate.executor.ports import Clock
from magistrate.wire.canonical import digest
from magistrate.wire.request import REQUEST_SECONDS, Request, authorization_value

T = TypeVar("T")
_KINDS: Final[dict[int, type[MagistrateError]]] = {400: Usage, 401: Refused, 403: Refused, 404: NotFound, 409: Refused}
SECONDS: Final = 15.0


class SignedHttp:
    """Calls one process (`audience`) of this deployment as its executor."""

    def __init__(self, base_url: str, *, audience: str, identity: Identity, clock: Clock) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=SECONDS, trust_env=False, follow_redirects=False)
        self._audience = audience
        self._identity = identity
        self._clock = clock

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, kind: type[T]) -> T:
        """GET a path (with its query) and decode the answer (raises Refused, Usage, NotFound, Unavailable)."""
        return _decoded(self._call("GET", path, b""), kind, path)

    def post(self, path: str, content: object, kind: type[T]) -> T:
        """POST a structure and decode the answer (raises as `get`)."""
        return _decoded(self._call("POST", path, msgspec.json.encode(content)), kind, path)

    def raw(self, path: str) -> bytes:
        """GET the bytes of a path (raises as `get`)."""
        return self._call("GET", path, b"").content

    def tell(self, path: str, content: object) -> None:
        """POST a structure; whatever a good answer says is not read (raises as `get`)."""
        self._call("POST", path, msgspec.json.encode(content))

    def plain(self, method: str, url: str, headers: dict[str, str], content: bytes = b"") -> int:
        """Status of an unsigned request to an absolute URL, for probes (raises Unavailable)."""
        try:
            return self._client.request(method, url, headers=headers, content=content).status_code
        except httpx.HTTPError as error:
            raise Unavailable("MAG-E395", f"the {self._audience} does not answer: {type(error).__name__}") from error

    def _call(self, method: str, path: str, body: bytes) -> httpx.Response:
        request = Request(caller="executor", method=method, path=path, body_sha256=digest(body))
        framed = self._identity.frame(
            request, "req", now=self._clock.now(), lifetime=REQUEST_SECONDS, audience=self._audience
        )
        headers = {
            "Authorization": authorization_value(self._identity.seal(framed)),
            "Content-Type": "application/json",
        }
        try:
            answer = self._client.request(method, path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable("MAG-E395", f"the {self._audience} does not answer: {type(error).__name__}") from error
        if answer.status_code != httpx.codes.OK:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: httpx.Response) -> MagistrateError:
        kind = _KINDS.get(answer.status_code, Unavailable)
        try:
            told = answer.json()["error"]
            code, message, hint = str(told["code"]), str(told["message"]), str(told["hint"])
        except (ValueError, KeyError, TypeError):
            code, message, hint = "", f"the {self._audience} answered with status {answer.status_code}", ""
        return kind(code if code in CODES else "MAG-E395", message, hint=hint)


def _decoded(answer: httpx.Response, kind: type[T], path: str) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Unavailable("MAG-E395", f"the answer to `{path[:80]}` has another shape") from error
