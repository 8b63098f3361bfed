"""HTTP to control and gate as a person: every request is signed, every answer checked.

Rule kept: the person's key signs method, path and body of one request for one door, valid
for two minutes and used once; no password or session is kept anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from magistrate.entrypoints.cli.papers import seal
from magistrate.entrypoints.cli.people import Caller
from magistrate.errors import CODES, MagistrateError, NotFound, Refused, Unavailable, Usage
from magistrate.wire.canonical import digest
from magistrate.wire.request import REQUEST_SECONDS, Request, authorization_value

TIMEOUT_SECONDS = 60.0
SECONDS_PER_MEGABYTE = 5.0
_KINDS: dict[int, type[MagistrateError]] = {
    400: Usage, 401: Refused, 403: Refused, 404: NotFound, 409: Refused, 413: Usage, 422: Usage,
}  # fmt: skip


class Client:
    """One person at one door."""

    def __init__(self, base: str, caller: Caller, *, deployment: str, audience: str, doubt: str = "") -> None:
        """`doubt` is the hint where the door does not know the caller: it may be a stranger's door."""
        self._doubt = doubt
        self._caller, self._deployment, self._audience = caller, deployment, audience
        self._base = base
        self._http = httpx.Client(base_url=base, timeout=TIMEOUT_SECONDS, trust_env=False)

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self._caller

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401  JSON
        """GET a JSON answer; queries that are None or empty are left out."""
        return self.call("GET", target(path, query), b"").json()

    def get_bytes(self, path: str) -> bytes:
        """GET an answer that is not JSON."""
        return self.call("GET", path, b"").content

    def post(self, path: str, value: object) -> Any:  # noqa: ANN401  JSON
        """POST JSON."""
        import msgspec

        return self.call("POST", path, msgspec.json.encode(value), "application/json").json()

    def post_bytes(self, path: str, content: bytes, query: Mapping[str, object]) -> Any:  # noqa: ANN401  JSON
        """POST a file as it is; the answer may take longer the larger it is."""
        wait = TIMEOUT_SECONDS + len(content) / 1e6 * SECONDS_PER_MEGABYTE
        return self.call("POST", target(path, dict(query)), content, "application/octet-stream", wait=wait).json()

    def pages(self, path: str, key: str, *, limit: int, **query: object) -> Iterator[dict[str, Any]]:
        """The items of a paged list, up to `limit` (0: all)."""
        seen, after = 0, ""
        while True:
            size = 200 if limit == 0 else min(200, limit - seen)
            answer = self.get(path, limit=size, after=after, **query)
            for item in answer[key]:
                yield item
                seen += 1
                if seen == limit:
                    return
            after = answer.get("next", "")
            if not after or not answer[key]:
                return

    def call(
        self, method: str, path: str, body: bytes, media: str = "", *, wait: float = TIMEOUT_SECONDS
    ) -> httpx.Response:
        """Sign and send one request.

        Raises:
            Refused, Usage, NotFound, Unavailable: as the door said, with its own code and hint;
                MAG-E602 when it does not answer, MAG-E603 when it answers with something else.
        """
        request = Request(caller=self._caller.name, method=method, path=path, body_sha256=digest(body))
        envelope = seal(
            request,
            "req",
            [self._caller],
            deployment=self._deployment,
            lifetime=REQUEST_SECONDS,
            audience=self._audience,
        )
        headers = {"Authorization": authorization_value(envelope)} | ({"Content-Type": media} if media else {})
        try:
            answer = self._http.request(method, path, content=body or None, headers=headers, timeout=wait)
        except httpx.HTTPError as error:
            raise Unavailable(
                "MAG-E602", f"{self._audience} at {self._base} does not answer ({type(error).__name__})",
                hint=f"`magistrate up --detach` starts it; `magistrate logs {self._audience}` tells what it said",
            ) from error  # fmt: skip
        if answer.status_code >= 400:  # noqa: PLR2004  HTTP
            refusal = said(answer)
            if answer.status_code == 401 and self._doubt:  # noqa: PLR2004  HTTP
                raise type(refusal)(refusal.code, refusal.message, hint=self._doubt)
            raise refusal
        if path.partition("?")[0].endswith(("/base-pack", "/export")):
            return answer
        try:
            answer.json()
        except ValueError as error:
            raise Unavailable("MAG-E603", f"{self._audience} answered `{method} {path[:60]}` with no JSON") from error
        return answer


def target(path: str, query: Mapping[str, object]) -> str:
    """A path with its query, encoded as it is signed and sent."""
    kept = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return path + ("?" + urlencode(kept, quote_via=quote) if kept else "")


def said(answer: httpx.Response) -> MagistrateError:
    """The error that a door answered with, as it said it."""
    try:
        error = answer.json()["error"]
        code, message, hint = str(error["code"]), str(error["message"]), str(error.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        return Unavailable("MAG-E603", f"the service answered with HTTP {answer.status_code} and no reason")
    kind = _KINDS.get(answer.status_code, Unavailable)
    if code not in CODES:
        return kind("MAG-E603", f"{code}: {message}", hint=hint)
    return kind(code, message, hint=hint)


def alive(url: str, *, within: float = 0.0) -> bool:
    """Whether anything answers HTTP there, waiting up to `within` seconds."""
    end = time.monotonic() + within
    while True:
        try:
            httpx.get(url, timeout=2.0, trust_env=False)
        except httpx.HTTPError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.1)
        else:
            return True
