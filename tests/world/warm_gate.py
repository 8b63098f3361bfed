"""`world.real_gate` for tests that start its gate and its executors often: both begin with their imports done.

The same town, and processes that can be killed (`warm_server.py`). What soak runs measure starts as Python starts it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from paths import TESTS
from world import real_gate, warm_server
from world.control_process import GATE
from world.warm_server import Program

DOOMED = Program("from world.doomed_executor import main", "raise SystemExit(main())")


class Town(real_gate.Town):
    """A town whose gate is forked."""

    warm: warm_server.Child | None = None

    def start_gate(self) -> None:
        """Start the gate and wait until it answers."""
        with (self.home / "gate.log").open("ab") as log:
            self.warm = warm_server.start(GATE, [str(self.home)], log=log)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{self.gate_port}/gate/v1/health", trust_env=False).status_code == 200:
                    return
            time.sleep(0.02)
        raise AssertionError((self.home / "gate.log").read_text())

    def kill_gate(self) -> None:
        """kill -9."""
        assert self.warm is not None
        self.warm.kill()
        self.warm.wait()

    def close(self) -> None:
        """End everything; the service looks whether it shall end where somebody comes, or after half a second."""
        if self.warm is not None:
            self.kill_gate()
        ending = threading.Thread(target=self._server.shutdown)
        ending.start()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.service_port)):
            ending.join()
        ending.join()
        self._server.server_close()


@contextlib.contextmanager
def town_with_gate(home: Path, *, healthy: bool = True) -> Iterator[Town]:
    """A town whose gate answers, ended at the end."""
    town = Town(home, healthy=healthy)
    try:
        town.start_gate()
        yield town
    finally:
        town.close()


def run_child(home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """An executor process of its own over this home (`world/doomed_executor.py`)."""
    return warm_server.run(DOOMED, [str(home), *arguments], env={**os.environ, "PYTHONPATH": str(TESTS)}, timeout=120)
