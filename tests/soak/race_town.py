"""A real gate and a real executor over one real repository, both in this process, and every step counted.

The gate answers git and the executor over HTTP on a port of its own; the executor is assembled from
its real parts over a real journal and pushes with real git. Control is a memory, the judge says what
the case says, the live target answers by where the ref stands, and a sleep only moves the clock.
Each call of a port, each entry of the journal and each request at the gate are two steps, one before
and one after: `Steps` tells whoever wants to act at one of them.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from world import real_gate
from world.executing import Alarms, Killed, MemoryControl
from world.real_gate import MAIN, Town, git

from magistrate.bootstrap.gate import compose
from magistrate.executor.assembly import Outside, assemble
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal
from magistrate.executor.ports import Seen
from magistrate.settings import load_settings

PORTS = ("broker", "target", "assessor", "live", "inbox")


@dataclass
class Steps:
    """Counts steps; `deeds` maps a step's number to what another hand does there."""

    deeds: dict[int, Callable[[], None]] = field(default_factory=dict)
    deadly: int = 0
    """The step at which the executor's process dies; 0: never."""
    beside: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What begins beside the n-th push, at the same time."""
    count: int = 0
    pushes: int = 0
    dead: bool = False
    names: list[str] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.RLock)

    def pass_by(self, name: str, *, mortal: bool = True) -> None:
        """One step: somebody may act here, and the executor may die here."""
        if mortal and self.dead:
            raise Killed
        with self._lock:
            self.count += 1
            self.names.append(name)
            deed = self.deeds.pop(self.count, None)
            if deed is not None:
                deed()
            if name == "before target.push":
                self.pushes += 1
                self.beside.pop(self.pushes, lambda: None)()
            fatal = self.deadly and self.count >= self.deadly and mortal
        if fatal:
            self.deadly, self.dead = 0, True
            raise Killed


class Stepping:
    """A port whose calls are steps."""

    def __init__(self, port: Any, name: str, steps: Steps) -> None:
        self._port, self._name, self._steps = port, name, steps

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any) -> Any:
            self._steps.pass_by(f"before {self._name}.{name}")
            found = method(*arguments)
            self._steps.pass_by(f"after {self._name}.{name}")
            return found

        return call


def stepping_journal(steps: Steps) -> type[Journal]:
    class SteppingJournal(Journal):
        def write(self, *arguments: Any) -> Any:
            steps.pass_by(f"before entry {arguments[1]}")
            entry = super().write(*arguments)
            steps.pass_by(f"after entry {arguments[1]}")
            return entry

        def mark_sent(self, sequence: int) -> None:
            if steps.dead:
                raise Killed
            super().mark_sent(sequence)

    return SteppingJournal


class SteppingGate:
    """Each HTTP request at the gate is two steps; the executor's death does not stop the gate."""

    def __init__(self, app: Any, town: RaceTown) -> None:
        self._app, self._town = app, town

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].endswith("/health"):
            await self._app(scope, receive, send)
            return
        what = f"{scope['method']} {scope['path'].rsplit('/', 1)[-1]}"

        async def answering(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._town.steps.pass_by(f"after gate {what}", mortal=False)
            await send(message)

        self._town.steps.pass_by(f"before gate {what}", mortal=False)
        await self._app(scope, receive, answering)


class QuickClock:
    """The time of day; sleeping moves it without waiting."""

    def __init__(self) -> None:
        self._slept = 0.0

    def now(self) -> int:
        return int(time.time())

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds


class RaceTown:
    """One home and one gate for all cases; repository, journal and warrant are new for each case."""

    def __init__(self, folder: Path) -> None:
        self.town = Town(folder / "home")
        self.home, self.bare = self.town.home, self.town.bare
        self.old, self.base_tree, self.result_tree = self.town.old, self.town.base_tree, self.town.result_tree
        git(self.bare, "config", "core.logAllRefUpdates", "always")
        git(self.bare, "update-ref", "--create-reflog", MAIN, self.old)
        self._kept = folder / "kept"
        self.steps, self.healthy, self.number = Steps(), True, 0
        self.control, self.alarms = MemoryControl(), Alarms()
        self.outside: Outside | None = None
        self.journal: Journal | None = None
        settings = load_settings(self.home)
        app: Any = SteppingGate(compose(settings).app(), self)
        shutil.copytree(self.home / "gate", self._kept)
        self._server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=settings.ports.gate, log_level="error", access_log=False)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        self._await_gate(settings.gate_url)

    def close(self) -> None:
        self.leave()
        self._server.should_exit = True
        self._thread.join(20)
        self.town.close()

    def enter(self, *, healthy: bool) -> None:
        """A fresh case: the gate's folder as it was (a hold outlives its case), a new warrant, an empty journal."""
        self.number += 1
        self.healthy, self.steps = healthy, Steps()
        shutil.rmtree(self.home / "gate")
        shutil.copytree(self._kept, self.home / "gate")
        self.town.case.now = int(time.time())
        self.bundle = self.town._bundle()
        self.control, self.alarms = MemoryControl(bundles=[self.bundle]), Alarms()

    def leave(self) -> None:
        """The case is over: let go of journal and connections, and of what the executor fetched."""
        if self.journal is not None:
            self.journal.close()
            self.journal = None
        if self.outside is not None:
            self.outside.close()
            self.outside = None
        shutil.rmtree(self.home / "executor", ignore_errors=True)

    def executor(self) -> Any:
        """An executor over the journal of this case, as a process that starts would make it."""
        if self.journal is not None:
            self.journal.close()
        if self.outside is not None:
            self.outside.close()
        self.steps.dead = False
        clock = QuickClock()
        plain = real_gate.outside_of(
            self.home, clock=clock, alarm=self.alarms, inbox=self.control, live=Look(self), watch_seconds=0.0
        )
        self.outside = plain
        stepped: dict[str, Any] = {name: Stepping(getattr(plain, name), name, self.steps) for name in PORTS}
        whole = replace(plain, **stepped, closing=())
        self.journal = stepping_journal(self.steps)(self.home / "executor" / "journal.db", plain.identity, clock)
        return assemble(whole, self.journal)

    @property
    def book(self) -> Casebook:
        assert self.journal is not None
        return Casebook(self.journal)

    def tip(self) -> str:
        """Where the ref stands; empty when it is gone."""
        argv = ["git", "-C", str(self.bare), "rev-parse", "--verify", "--quiet", MAIN]
        return subprocess.run(argv, capture_output=True, check=False, text=True).stdout.strip()

    def _await_gate(self, url: str) -> None:
        for _ in range(400):
            try:
                if httpx.get(f"{url}/gate/v1/health", trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
        raise AssertionError("the gate does not answer")


class Look:
    """The live target: it serves what the ref says, well or not."""

    def __init__(self, town: RaceTown) -> None:
        self._town = town

    def look(self, probe: Any, commit: str) -> Seen:
        del probe
        tip = self._town.tip()
        well = self._town.healthy or tip == self._town.old
        return Seen(held=well and tip == commit, seen=f"version {tip[:12]}")


@contextmanager
def race_town(folder: Path) -> Iterator[RaceTown]:
    town = RaceTown(folder)
    try:
        yield town
    finally:
        town.close()
