"""A process of the product that a test starts and kills, without the wait for its imports each time.

    gate = start(Program(GATE_IMPORTS, GATE_RUNS), [str(home)], log=log)      # as subprocess.Popen gives it

For each program, one process of the same interpreter, `warm_server_process.py`, has done what the program imports before
its first step, and nothing else; it started with the environment of the program, and so under the same `sitecustomize`.
For each start it forks a child, which takes its words, environment, folder and log and goes on with the program's own
next line, in a process of its own that can be signalled, killed and waited for. Where that line imports something
more, the child does. Only the command line that others see of it in /proc is that of the process that forked it.
Who must be started from another source, or with something run in it before its imports, is started by Python itself.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from paths import PYTHON
from world import warm
from world.warm_judge import ASKED

PROCESS = Path(__file__).with_name("warm_server_process.py")


@dataclass(frozen=True)
class Program:
    """What a process imports, and what it does then; its words are in `sys.argv`."""

    imports: str
    runs: str

    def argv(self, words: Sequence[str], first: str = "") -> list[str]:
        """How Python itself starts it, with `first` run in it before anything else."""
        return [PYTHON, "-c", f"{first}\n{self.imports}\n{self.runs}", *words]


class Warm(warm.Warm):
    """The process that forks one program; it ends with the one that started it."""

    def __init__(self, program: Program, env: Mapping[str, str]) -> None:
        self.link, theirs = socket.socketpair()
        self.lock = threading.Lock()
        with theirs:
            self.process = subprocess.Popen(
                [PYTHON, str(PROCESS), str(theirs.fileno()), program.imports, program.runs], pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/", env=dict(env),
            )  # fmt: skip


_started: dict[tuple[object, ...], Warm] = {}
_starting = threading.Lock()


def started(program: Program, env: Mapping[str, str]) -> Warm:
    """The one of this process for a program and for what counts while it imports."""
    counts = {**warm.early(env), ASKED: env.get(ASKED, "")}
    key = (os.getpid(), program, *sorted(counts.items()))
    with _starting:
        if key not in _started:
            _started[key] = Warm(program, env)
            atexit.register(_started[key].close)
        return _started[key]


def start(program: Program, words: Sequence[str], *, log: IO[bytes], env: Mapping[str, str] | None = None) -> Child:
    """Start a program, which says everything into `log`."""
    surroundings = dict(os.environ if env is None else env)
    return Child(started(program, surroundings), ["-c", *words], surroundings, log)


def run(
    program: Program, words: Sequence[str], *, env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, as `subprocess.run` does; raises `subprocess.TimeoutExpired`, and it is dead then."""
    argv = ["-c", *words]
    call = warm.Call(started(program, env), argv, str(Path.cwd()), dict(env))
    out, err = call.listen(time.monotonic() + timeout)
    if call.late:
        raise subprocess.TimeoutExpired(argv, timeout, out, err)
    return subprocess.CompletedProcess(argv, call.status(), out, err)


class Child:
    """What a test does with a `subprocess.Popen`."""

    def __init__(self, warmed: Warm, argv: list[str], env: dict[str, str], log: IO[bytes]) -> None:
        self._ends, ends = os.pipe()
        said = json.dumps([argv, str(Path.cwd()), env]).encode()
        try:
            with warmed.lock:
                socket.send_fds(warmed.link, [len(said).to_bytes(8, "big")], [log.fileno(), log.fileno(), ends])
                warmed.link.sendall(said)
        finally:
            os.close(ends)
        self.returncode: int | None = None
        self.pid = int(self._line())

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises `subprocess.TimeoutExpired`."""
        ended = self._ended(timeout)
        if ended is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return ended

    def send_signal(self, number: int) -> None:
        """Signal it while it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ends], [], [], timeout)[0]:
            self.returncode = int(self._line())
            os.close(self._ends)
        return self.returncode

    def _line(self) -> bytes:
        said = b""
        while not said.endswith(b"\n"):
            piece = os.read(self._ends, 1)
            assert piece, "the warm process is gone; see what it said"
            said += piece
        return said
