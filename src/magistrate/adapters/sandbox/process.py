"""One child, bounded: its output, its time, and its whole process group at the end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from magistrate.errors import Unavailable
from magistrate.ports import SandboxLimits, SandboxResult

_CHUNK: Final = 65536


@dataclass(slots=True)
class _Collected:
    output: dict[str, bytearray] = field(default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()})
    timed_out: bool = False
    overflowed: bool = False

    @property
    def size(self) -> int:
        return sum(map(len, self.output.values()))


def run_bounded(
    argv: Sequence[str], stdin: bytes, env: Mapping[str, str], limits: SandboxLimits, pass_fds: Sequence[int] = ()
) -> SandboxResult:
    """Run in a session of its own; kill the group when time or output runs out, and at the end.

    Raises:
        Unavailable: MAG-E281 when the program cannot be started.
    """
    try:
        child = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(env), cwd="/", start_new_session=True, close_fds=True, pass_fds=pass_fds,
        )  # fmt: skip
    except OSError as error:
        raise Unavailable("MAG-E281", f"the sandbox could not start: {error}") from error
    collected = _Collected()
    try:
        _converse(child, stdin, limits, collected)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
    return SandboxResult(
        returncode=child.returncode, stdout=bytes(collected.output["stdout"]),
        stderr=bytes(collected.output["stderr"]), timed_out=collected.timed_out, overflowed=collected.overflowed,
    )  # fmt: skip


def _converse(child: subprocess.Popen[bytes], stdin: bytes, limits: SandboxLimits, collected: _Collected) -> None:
    deadline = time.monotonic() + limits.wall_seconds
    rest = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for name, stream in (("stdout", child.stdout), ("stderr", child.stderr)):
            selector.register(_pipe(stream), selectors.EVENT_READ, name)
        os.set_blocking(_pipe(child.stdin).fileno(), False)
        selector.register(_pipe(child.stdin), selectors.EVENT_WRITE, "stdin")
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                collected.timed_out = True
                return
            for key, _ in selector.select(left):
                if key.data == "stdin":
                    rest = _feed(selector, _pipe(child.stdin), rest)
                    continue
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                collected.output[key.data] += chunk[: limits.output_bytes - collected.size + 1]
                if collected.size > limits.output_bytes:
                    collected.output[key.data].pop()
                    collected.overflowed = True
                    return
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            collected.timed_out = True


def _feed(selector: selectors.BaseSelector, stream: IO[bytes], rest: memoryview) -> memoryview:
    with contextlib.suppress(BrokenPipeError, BlockingIOError):
        if rest:
            return rest[os.write(stream.fileno(), rest[:_CHUNK]) :] if len(rest) else rest
    selector.unregister(stream)
    with contextlib.suppress(BrokenPipeError):
        stream.close()
    return rest[:0]


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("all three streams are pipes")
    return stream


def processes_of(uid: int) -> int:
    """How many threads of a user id exist on this machine."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                tasks = entry / "task"
                count += len(list(tasks.iterdir())) if entry.stat().st_uid == uid else 0
    return count
