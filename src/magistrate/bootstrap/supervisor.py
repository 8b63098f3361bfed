"""`magistrate up`: every process started, watched, restarted and stopped.

Rule kept: the supervisor holds no key and passes none on; each process finds its own. One
supervisor per home; what an earlier one left running is ended first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from magistrate.bootstrap.port_claims import holds_port, port_of, verify_ports_free
from magistrate.bootstrap.walls import Account, accounts_of, open_socket_to_front, raise_walls
from magistrate.environment import child_environment
from magistrate.errors import Unavailable, Usage
from magistrate.settings import HOST, PROCESSES, Settings, Walls

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
LONGEST_PAUSE: Final = 15.0
STEADY_SECONDS: Final = 30.0
"""A process that ran this long starts again without a pause."""
Say = Callable[[str], None]


@dataclass(slots=True)
class Running:
    """One process and its history under this supervisor."""

    name: str
    account: Account
    child: subprocess.Popen[bytes]
    started: float
    restarts: int = 0
    pause: float = 0.5
    due: float | None = None
    said: list[str] = field(default_factory=list)


class Supervisor:
    """Starts and keeps the processes of one home."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings, self._say = settings, say
        self._accounts, self.walls = accounts_of(settings)
        self._running: dict[str, Running] = {}
        self._stopping = False
        self._ready = False

    def run(self) -> int:
        """Start everything and keep it until SIGTERM or SIGINT; returns the exit status.

        Raises:
            Usage: MAG-E608 when another supervisor has this home.
            Unavailable: MAG-E608 when a process does not come up, MAG-E613 when its port is taken.
        """
        with _only_one(self._settings):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, self._stop)
            try:
                self._prepare()
                for name in PROCESSES:
                    self._start(name)
                    self._wait(name)
                self._ready = True
                self._note()
                self._say(f"walls: {self.walls}" + (f" ({self.walls.reason})" if self.walls.reason else ""))
                if self.walls.mend:
                    self._say(f"  to raise them: {self.walls.mend}")
                while not self._stopping:
                    self._look()
                    time.sleep(0.2)
            finally:
                self._end()
        return 0

    def _prepare(self) -> None:
        for name in PROCESSES:
            end_leftover(self._settings, name)
        verify_ports_free(self._settings)
        self._settings.run.mkdir(exist_ok=True)
        self._settings.front_socket.unlink(missing_ok=True)
        if self.walls.users:
            raise_walls(self._settings, self._accounts)

    def _start(self, name: str) -> None:
        account = self._accounts[name]
        log = open_log(self._settings, name)
        try:
            child = subprocess.Popen(
                command(self._settings, name), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=child_environment(self._settings.home), cwd="/", user=account.uid, group=account.gid,
                extra_groups=[] if account.uid is not None else None, umask=0o022,
                process_group=0,
            )  # fmt: skip
        finally:
            os.close(log)
        before = self._running.get(name)
        self._running[name] = Running(
            name=name, account=account, child=child, started=time.monotonic(),
            restarts=before.restarts if before else 0, pause=before.pause if before else 0.5,
        )  # fmt: skip
        (self._settings.run / f"{name}.pid").write_text(f"{child.pid}\n")

    def _wait(self, name: str) -> None:
        running = self._running[name]
        end = time.monotonic() + START_SECONDS
        while not self._stopping:
            if running.child.poll() is not None:
                raise Unavailable(
                    "MAG-E608", f"`{name}` ended at once ({ending(running.child.returncode)})",
                    hint="\n  ".join(tail(self._settings, name, 6)) or f"magistrate logs {name}",
                )  # fmt: skip
            if listens(self._settings, running):
                open_socket_to_front(self._settings, self._accounts)
                where = f"  {HOST}:{getattr(self._settings.ports, name)}" if hasattr(self._settings.ports, name) else ""
                who = f"  as {running.account.name}" if running.account.name else ""
                self._say(f"  {name:<9} up  pid {running.child.pid}{where}{who}")
                return
            if time.monotonic() > end:
                raise Unavailable(
                    "MAG-E608", f"`{name}` did not answer within {START_SECONDS:.0f} s", hint=f"magistrate logs {name}"
                )
            time.sleep(0.05)

    def _look(self) -> None:
        for name, running in self._running.items():
            now = time.monotonic()
            if running.due is not None:
                if now >= running.due:
                    self._restart(name, running)
            elif running.child.poll() is not None:
                if now - running.started > STEADY_SECONDS:
                    running.pause = 0.5
                running.due = now + running.pause
                running.pause = min(running.pause * 2, LONGEST_PAUSE)
                self._say(
                    f"{name} ended ({ending(running.child.returncode)}); it starts again in {running.due - now:.1f} s"
                )
                self._note()
            elif name == "control" and running.restarts:
                open_socket_to_front(self._settings, self._accounts)

    def _restart(self, name: str, running: Running) -> None:
        try:
            verify_ports_free(self._settings, (name,))
        except Unavailable as error:
            self._say(f"{name} cannot start again: {error.message}\n  {error.hint}")
            running.due, running.pause = time.monotonic() + running.pause, min(running.pause * 2, LONGEST_PAUSE)
            return
        running.restarts += 1
        self._start(name)
        self._say(f"{name} started again (restart {running.restarts}), pid {self._running[name].child.pid}")
        self._note()

    def _note(self) -> None:
        content = {
            "pid": os.getpid(), "ready": self._ready, "walls": str(self.walls), "reason": self.walls.reason,
            "mend": self.walls.mend,
            "processes": {
                r.name: {"pid": r.child.pid, "user": r.account.name, "restarts": r.restarts, "running": r.due is None}
                for r in self._running.values()
            },
        }  # fmt: skip
        partial = self._settings.run / ".up.json"
        partial.write_text(json.dumps(content))
        partial.replace(self._settings.run / "up.json")

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _end(self) -> None:
        for name in reversed(PROCESSES):
            running = self._running.get(name)
            if running is None or running.child.poll() is not None:
                continue
            running.child.terminate()
            try:
                running.child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._say(f"{name} did not stop within {STOP_SECONDS:.0f} s and was killed")
                running.child.kill()
                running.child.wait()
        for name in (*(f"{process}.pid" for process in PROCESSES), "up.json"):
            (self._settings.run / name).unlink(missing_ok=True)
        if self._running:
            self._say("all processes stopped")


def command(settings: Settings, name: str) -> list[str]:
    """The argv of one process."""
    return [sys.executable, "-P", "-m", "magistrate.entrypoints.cli.main", name, "--home", str(settings.home)]


def read_note(settings: Settings) -> dict[str, Any] | None:
    """What the running supervisor says of itself; None when none runs."""
    try:
        note: dict[str, Any] = json.loads((settings.run / "up.json").read_text())
        os.kill(int(note["pid"]), 0)
    except PermissionError:
        return note
    except (OSError, ValueError, KeyError):
        return None
    return note


def stop_supervisor(settings: Settings) -> bool:
    """Ask the running supervisor to stop and wait; False when none runs.

    Raises:
        Unavailable: MAG-E608 when it does not stop.
    """
    note = read_note(settings)
    if note is None:
        return False
    os.kill(int(note["pid"]), signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS * (len(PROCESSES) + 1)
    while time.monotonic() < end:
        if read_note(settings) is None:
            return True
        time.sleep(0.1)
    raise Unavailable("MAG-E608", f"the supervisor (pid {note['pid']}) did not stop")


def listens(settings: Settings, running: Running) -> bool:
    """Whether our own child does what it is there for: it holds its port; the executor stays alive."""
    name = running.name
    port = port_of(settings, name)
    if port is None:
        return time.monotonic() - running.started > 1.0
    if name == "control" and not settings.front_socket.exists():
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        answers = probe.connect_ex((HOST, port)) == 0
    # Where the system does not tell who listens, the port was free just before we started.
    return answers and holds_port(running.child.pid, port) is not False


def end_leftover(settings: Settings, name: str) -> None:
    """End a process of this home that an earlier supervisor left; only if it is really that one."""
    try:
        pid = int((settings.run / f"{name}.pid").read_text())
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return
    if argv[-4:-1] != [name.encode(), b"--home", os.fsencode(settings.home)]:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end and Path(f"/proc/{pid}").exists():
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)


def open_log(settings: Settings, name: str) -> int:
    """Descriptor of a process's log file, appended to."""
    return os.open(settings.run / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)


def tail(settings: Settings, name: str, lines: int) -> list[str]:
    """The last lines that a process wrote."""
    try:
        text = (settings.run / f"{name}.log").read_text("utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-lines:]


def ending(status: int) -> str:
    """How a process ended, in words."""
    return f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


@contextlib.contextmanager
def _only_one(settings: Settings) -> Any:  # noqa: ANN401  a generator
    settings.run.mkdir(exist_ok=True)
    descriptor = os.open(settings.run / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Usage(
                "MAG-E608", "everything is up already in this home", hint="magistrate status, or magistrate up --stop"
            ) from error
        yield
    finally:
        os.close(descriptor)


def standing(walls: Walls) -> str:
    """`walls: users`, or `walls: same user` with its reason."""
    return f"walls: {walls}" + (f" ({walls.reason})" if walls.reason else "")
