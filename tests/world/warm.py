"""The program as a test calls it, without the wait for what others wrote to be imported each time.

    done = run(["queue", "--home", str(home)], env=env, timeout=60)    # as subprocess.run([MAGISTRATE, ...]) gives it

One process of the same interpreter, `warm_process.py`, has imported what the program takes from others, and has run
nothing; for each call it forks a child that becomes the program: its words, environment and folder are those of the
call, it imports the project's own code afresh, is told nothing on stdin, and ends as the interpreter ends. Nothing of a
call is left for the next. Where the call sets what counts before the first import (`PYTHON*`, the locale), the real program runs.
Tests of how a process starts or what it is, or that signal it, call the real program.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from paths import MAGISTRATE, PYTHON

PROCESS = Path(__file__).with_name("warm_process.py")
BEFORE_IMPORT = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC", "OPENSSL_", "SSL_")
"""Beginnings of what an interpreter or a library reads once, when it starts."""
WHOLE = 65_536


def run(
    arguments: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 180
) -> subprocess.CompletedProcess[str]:
    """Run the program; its status is negative where a signal ended it, as with `subprocess.run`.

    Raises `subprocess.TimeoutExpired` after `timeout` seconds; the program is dead then.
    """
    argv, surroundings = [str(MAGISTRATE), *arguments], dict(os.environ if env is None else env)
    warm = started()
    if early(surroundings) != warm.early:
        return subprocess.run(
            argv, cwd=cwd, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
            check=False,
        )  # fmt: skip
    call = Call(warm, argv, str(cwd or Path.cwd()), surroundings)
    out, err = call.listen(time.monotonic() + timeout)
    if call.late:
        raise subprocess.TimeoutExpired(argv, timeout, out, err)
    return subprocess.CompletedProcess(argv, call.status(), _text(out), _text(err))


def early(env: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that counts before anything is imported."""
    return {name: value for name, value in env.items() if name.startswith(BEFORE_IMPORT)}


def _text(told: bytes) -> str:
    return io.TextIOWrapper(io.BytesIO(told), encoding="utf-8").read()


class Warm:
    """The process that forks; it ends with the one that started it."""

    def __init__(self) -> None:
        self.link, theirs = socket.socketpair()
        self.early = early(os.environ)
        self.lock = threading.Lock()
        with theirs:
            self.process = subprocess.Popen(
                [PYTHON, str(PROCESS), str(theirs.fileno()), str(MAGISTRATE)], pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/",
            )  # fmt: skip

    def close(self) -> None:
        """End it: it ends when nobody is there to ask it."""
        self.link.close()
        self.process.wait(10)


_started: dict[int, Warm] = {}
_starting = threading.Lock()


def started() -> Warm:
    """The one of this process, started by the first call."""
    with _starting:
        if os.getpid() not in _started:
            _started[os.getpid()] = Warm()
            atexit.register(_started[os.getpid()].close)
        return _started[os.getpid()]


class Call:
    """One run of the program: two streams, and a pipe that tells first its process id and then how it ended."""

    def __init__(self, warm: Warm, argv: list[str], cwd: str, env: dict[str, str]) -> None:
        self._out, out = os.pipe()
        self._err, err = os.pipe()
        self._ends, ends = os.pipe()
        self._told = bytearray()
        self.late = False
        said = json.dumps([argv, cwd, env]).encode()
        try:
            with warm.lock:
                socket.send_fds(warm.link, [len(said).to_bytes(8, "big")], [out, err, ends])
                warm.link.sendall(said)
        finally:
            for theirs in (out, err, ends):
                os.close(theirs)

    def listen(self, deadline: float) -> tuple[bytes, bytes]:
        """What the program says until it has ended and both streams are closed."""
        read = {self._out: bytearray(), self._err: bytearray(), self._ends: self._told}
        with selectors.DefaultSelector() as some:
            for stream in read:
                some.register(stream, selectors.EVENT_READ)
            while some.get_map():
                ready = some.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    self._kill()
                    deadline = time.monotonic() + 10
                for key, _ in ready:
                    piece = os.read(key.fd, WHOLE)
                    read[key.fd] += piece
                    if not piece:
                        some.unregister(key.fd)
                        os.close(key.fd)
        return bytes(read[self._out]), bytes(read[self._err])

    def _kill(self) -> None:
        assert not self.late, "a program that was killed goes on"
        self.late = True
        os.kill(int(self._told.split()[0]), signal.SIGKILL)

    def status(self) -> int:
        """How it ended."""
        assert len(self._told.split()) == 2, "the warm process is gone; see what it said"
        return int(self._told.split()[1])
