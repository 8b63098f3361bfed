"""Breaks a connection over which an answer is waited for too long: a server that stopped says nothing by itself."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Final

_LOOKS_EVERY: Final = 0.5


class Patience:
    """Used with `with` around each wait; one thread looks at the clock. Seconds are at least those that are said."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._line: socket.socket | None = None
        self._until: float | None = None
        self._guard = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._look, daemon=True, name="patience").start()

    def over(self, line: socket.socket | None) -> None:
        """From here on this is the connection; the one before is let go."""
        with self._guard:
            before, self._line, self._until = self._line, line, None
        if before is not None:
            before.close()

    def __enter__(self) -> None:
        with self._guard:
            self._until = time.monotonic() + self._seconds

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        with self._guard:
            self._until = None

    def close(self) -> None:
        """No connection, and nobody who looks."""
        self.over(None)
        self._closed.set()

    def _look(self) -> None:
        while not self._closed.wait(_LOOKS_EVERY):
            with self._guard:
                if self._until is not None and time.monotonic() > self._until and self._line is not None:
                    with contextlib.suppress(OSError):  # it may be gone already
                        self._line.shutdown(socket.SHUT_RDWR)
