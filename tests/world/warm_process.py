"""A process that has imported what the program takes from others and run nothing; it forks a program for each call.

    python warm_process.py FD PROGRAM       # FD: the socket that calls come from; ends when its other side is closed

A call is a length, three descriptors (stdout, stderr, and where to tell the process id and the status) and then
`[argv, folder, environment]`; its stdin is that of this process, which is told nothing. See `warm.py`, which asks.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import runpy
import select
import socket
import sys
from pathlib import Path
from typing import Any

WARM_START = Path(__file__).parent / "warm_start" / "sitecustomize.py"
OTHERS = (
    "anyio", "cedarpy", "click", "cryptography.hazmat.primitives.asymmetric.ec", "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.asymmetric.rsa", "cryptography.hazmat.primitives.serialization.ssh", "cryptography.x509",
    "ctypes", "email.message", "http.client", "httpcore", "httpx", "joserfc.jwk", "joserfc.jws", "joserfc.jwt", "logging", "msgspec.json",
    "msgspec.toml", "msgspec.yaml", "rich.console", "rich.live", "rich.markup", "rich.progress", "rich.syntax", "rich.table", "sqlite3",
    "ssl", "tarfile", "tomllib", "zipfile", "zoneinfo",
)  # fmt: skip
"""What commands import and the project did not write. Left out costs time, and nothing else."""
Called = tuple[list[str], str, dict[str, str], list[int]]


def serve(link: socket.socket) -> Called | None:
    """Fork for each call; returns in the child what it is to be, and None in the first process at its end."""
    running: dict[int, tuple[int, int]] = {}
    poll = select.poll()
    poll.register(link, select.POLLIN)
    while True:
        for found, _ in poll.poll():
            if found in running:
                poll.unregister(found)
                _tell_end(found, *running.pop(found))
                continue
            called = _receive(link)
            if called is None:
                return None
            child = os.fork()
            if child == 0:
                return called
            *streams, ends = called[3]
            for stream in streams:
                os.close(stream)
            os.write(ends, f"{child}\n".encode())
            watched = os.pidfd_open(child)
            running[watched] = child, ends
            poll.register(watched, select.POLLIN)


def _receive(link: socket.socket) -> Called | None:
    head, streams, _, _ = socket.recv_fds(link, 8, 3)
    if not head:
        return None
    rest = int.from_bytes(head, "big")
    said = bytearray()
    while len(said) < rest:
        said += link.recv(rest - len(said))
    argv, cwd, env = json.loads(said)
    return argv, cwd, env, streams


def _tell_end(watched: int, child: int, ends: int) -> None:
    _, status = os.waitpid(child, 0)
    os.close(watched)
    try:
        os.write(ends, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    except BrokenPipeError:
        print("nobody waits for the end of a call", file=sys.stderr)
    os.close(ends)


def become(called: Called) -> None:
    """Take words, environment, folder and streams of a call, and nothing of this process."""
    argv, cwd, env, streams = called
    os.dup2(streams[0], 1)
    os.dup2(streams[1], 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv, sys.orig_argv = argv, [sys.executable, *argv]
    for name, number in (("stdout", 1), ("stderr", 2)):
        old: io.TextIOWrapper = getattr(sys, name)
        lines = 1 if number == 2 else -1
        new = open(number, "w", lines, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115  it is the process's stream
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def main() -> None:
    """Warm up, wait for calls; in a child, be the program."""
    link, program = socket.socket(fileno=int(sys.argv[1])), sys.argv[2]
    sys.path[0] = str(Path(program).parent)
    for name in OTHERS:
        importlib.import_module(name)
    own = [name for name in sys.modules if name.split(".")[0] == "magistrate"]
    if own or len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError(f"a warm process has one thread and nothing of the project: {own}")
    gc.freeze()
    called = serve(link)
    if called is not None:
        link.detach()
        become(called)
        __main__: Any = sys.modules["__main__"]
        __main__.__file__ = program
        if "WARM_JUDGE" in called[2]:  # as Python itself reads it where a call starts one
            runpy.run_path(str(WARM_START))
        importlib.import_module("magistrate.entrypoints.cli.main").main()


if __name__ == "__main__":
    main()
