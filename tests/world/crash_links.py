"""What stands between the processes of a crash town: control as a memory behind HTTP, and a wire to the gate.

The wire can be slow or dead, and keeps every token that went over it, also of answers that never arrived.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from magistrate.wire.canonical import canonical
from magistrate.wire.case_bundle import CaseBundle
from magistrate.wire.envelope import Envelope

_TOKEN = re.compile(rb'"token":"([A-Za-z0-9_-]{20,})"')
_RESET = struct.pack("ii", 1, 0)


class Control:
    """Control for executors: offers a bundle to be taken once, and remembers what it is told."""

    def __init__(self) -> None:
        self.bundles: list[CaseBundle] = []
        self.taken: dict[str, int] = {}
        self.steps: dict[str, Envelope] = {}
        self.reports: dict[str, Envelope] = {}
        self.offers_again = False
        """A captured control: whoever asks is given the warrant."""
        self._lock = threading.Lock()
        control = self

        class Door(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(*control.asked(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self._answer(*control.told(self.path, body))

            def _answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                return

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # who asked was killed
                    super().handle()

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def offer(self, bundle: CaseBundle) -> None:
        """A new warrant; what was told before is forgotten."""
        with self._lock:
            self.bundles, self.taken, self.steps, self.reports = [bundle], {}, {}, {}

    def asked(self, path: str) -> tuple[int, bytes]:
        with self._lock:
            if path.endswith("/drills"):
                return 200, b'{"orders":[]}'
            open_ones = self.bundles if self.offers_again or not self.taken else []
            return 200, b'{"bundles":[' + b",".join(canonical(one) for one in open_ones) + b"]}"

    def told(self, path: str, body: bytes) -> tuple[int, bytes]:
        with self._lock:
            if path.endswith("/taken"):
                warrant = path.split("/")[-2]
                if self.taken and not self.offers_again:
                    return 404, b'{"error":{"code":"MAG-E450","message":"taken","hint":""}}'
                self.taken[warrant] = self.taken.get(warrant, 0) + 1
                return 200, b"{}"
            envelope = msgspec.convert(json.loads(body)["envelope"], type=Envelope)
            kept = self.reports if path.endswith("/reports") else self.steps
            kept[envelope.payload_digest()] = envelope
            return 200, b"{}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Wire:
    """Listens at the gate's address and carries bytes to the real gate; `delay` seconds for each piece of an answer."""

    def __init__(self, port: int, to: int) -> None:
        self._to = to
        self._begin(socket.create_server(("127.0.0.1", port), backlog=64))
        self.port = int(self._listening.getsockname()[1])

    def _begin(self, listening: socket.socket) -> None:
        self.dead, self.delay = False, 0.0
        self.tokens: list[str] = []
        self._links: set[socket.socket] = set()
        self._listening = listening
        threading.Thread(target=self._accept, daemon=True).start()

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._to), timeout=10)

    def die(self) -> None:
        """Reset every connection, and each new one, until `heal`."""
        self.dead = True
        for link in list(self._links):
            _reset(link)

    def heal(self) -> None:
        self.dead, self.delay = False, 0.0

    def close(self) -> None:
        self.die()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                asking, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(asking,), daemon=True).start()

    def _carry(self, asking: socket.socket) -> None:
        try:
            answering = self._connected()
            answering.settimeout(None)
        except OSError:
            _reset(asking)
            return
        self._links |= {asking, answering}
        if self.dead:
            _reset(asking)
            _reset(answering)
        back = threading.Thread(target=self._answers, args=(answering, asking), daemon=True)
        back.start()
        _pump(asking, answering, lambda piece: None)
        back.join()
        for link in (asking, answering):
            self._links.discard(link)
            link.close()

    def _answers(self, answering: socket.socket, asking: socket.socket) -> None:
        tail = b""

        def look(piece: bytes) -> None:
            nonlocal tail
            seen = tail + piece
            self.tokens += [t.decode() for t in _TOKEN.findall(seen) if t.decode() not in self.tokens]
            tail = seen[-200:]
            end = time.monotonic() + self.delay
            while self.delay and not self.dead and time.monotonic() < end:
                time.sleep(0.02)

        _pump(answering, asking, look)


class FileWire(Wire):
    """The same between two sockets of the file system: who speaks to `path` is heard at `to`."""

    def __init__(self, path: Path, to: Path) -> None:
        self._place = to
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        listening.listen(64)
        self._begin(listening)

    def _connected(self) -> socket.socket:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            found.connect(str(self._place))
        except OSError:
            found.close()
            raise
        return found


class Wires:
    """Several wires as one: the ways to all that give out credentials."""

    def __init__(self, *wires: Wire) -> None:
        self._wires = wires

    @property
    def tokens(self) -> list[str]:
        return self._wires[0].tokens

    @property
    def delay(self) -> float:
        return self._wires[0].delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        for wire in self._wires:
            wire.delay = seconds

    def die(self) -> None:
        for wire in self._wires:
            wire.die()

    def heal(self) -> None:
        for wire in self._wires:
            wire.heal()

    def close(self) -> None:
        for wire in self._wires:
            wire.close()


def _pump(giving: socket.socket, taking: socket.socket, look: Any) -> None:
    with contextlib.suppress(OSError):
        while piece := giving.recv(65536):
            look(piece)
            taking.sendall(piece)
    for link, how in ((taking, socket.SHUT_WR), (giving, socket.SHUT_RD)):
        with contextlib.suppress(OSError):
            link.shutdown(how)


def _reset(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        link.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        link.close()
