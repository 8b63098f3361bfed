"""An issuer in process that answers whatever a test wants, byte by byte where it has to be; it keeps what it was asked.

with played_issuer(lambda asked: good(token)) as issuer:
    issuer.url; issuer.asked[-1].form
"""

from __future__ import annotations

import contextlib
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Asked:
    """One question."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


Answer = bytes | Sequence[bytes]
"""Parts are sent one by one, with a pause between two."""


def answer(body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    """A whole HTTP answer."""
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{more}\r\n"
    )
    return head.encode() + body


def good(token: str, **changes: Any) -> bytes:
    """What an issuer answers that gives a token; a change to None leaves the name out."""
    said = {"access_token": token, "token_type": "Bearer", "expires_in": 300, **changes}
    return answer(json.dumps({name: value for name, value in said.items() if value is not None}).encode())


class PlayedIssuer(socketserver.ThreadingTCPServer):
    """Listens on a free port of the loopback interface."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, play: Callable[[Asked], Answer], trust: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.play, self.trust = play, trust
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self.url = f"{'https' if trust else 'http'}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is no fault of a test."""


class _Call(socketserver.BaseRequestHandler):
    server: PlayedIssuer

    def handle(self) -> None:
        line = self.request
        if self.server.trust is not None:
            line = self.server.trust.wrap_socket(line, server_side=True)
        with line, contextlib.suppress(OSError):
            asked = self._read(line)
            if asked is None:
                return
            self.server.asked.append(asked)
            played = self.server.play(asked)
            for part in [played] if isinstance(played, bytes) else played:
                line.sendall(part)
                if not isinstance(played, bytes):
                    self.server.over.wait(0.02)

    def _read(self, line: Any) -> Asked | None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            part = line.recv(65536)
            if not part:
                return None
            raw += part
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
        while len(body) < int(headers.get("content-length", "0")):
            body += line.recv(65536)
        method, path, _ = first.split(" ")
        form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        return Asked(method, path, headers, form)


@contextlib.contextmanager
def played_issuer(play: Callable[[Asked], Answer], trust: ssl.SSLContext | None = None) -> Iterator[PlayedIssuer]:
    """An issuer for the body of the `with`."""
    with PlayedIssuer(play, trust) as issuer:
        thread = threading.Thread(target=issuer.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            issuer.over.set()
            issuer.shutdown()
            thread.join()
