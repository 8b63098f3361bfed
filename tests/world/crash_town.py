"""A town for crashes: a real gate and real executors as processes, each in a group of its own.

They are forked from a server that has imported everything, so that one starts in a moment; each is
a process as any other: it is killed, stopped and starved from here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import types
from collections.abc import Iterator, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
from paths import TESTS
from world.crash_disk import Volume
from world.crash_links import Control, Wire, Wires
from world.crash_processes import Place, executor_process, gate_process
from world.real_gate import FIRST_TAG, MAIN, NAME, Town, git

from magistrate.adapters.keys.process import load_process_key
from magistrate.bootstrap.executor import SystemClock
from magistrate.executor.drill_record import DrillRecord
from magistrate.executor.identity import Identity
from magistrate.executor.journal import Journal
from magistrate.executor.journal_place import JournalPlace
from magistrate.wire.canonical import digest
from magistrate.wire.drill import DRILL_SECONDS, DrillKind, DrillResult, Probe
from magistrate.wire.policy_bundle import Command

SECONDS = 60.0
"""The longest that anything here is waited for; a machine may be busy."""
CHECK = Command(command="tests", argv=("true",), timeout_seconds=10)


class Child:
    """One process and the pipe it asks through."""

    def __init__(self, process: Any, ask: Connection | None) -> None:
        self.process, self.ask = process, ask
        self.pid = int(process.pid)

    def signal(self, number: int) -> None:
        """To its whole group; one that is gone is left alone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.join(SECONDS)

    def alive(self) -> bool:
        return bool(self.process.is_alive())

    def at_point(self, seconds: float = SECONDS) -> tuple[Any, ...] | None:
        """The point that it stopped at; None when it comes to none in that time, or died."""
        assert self.ask is not None
        with contextlib.suppress(EOFError, ConnectionResetError):
            if self.ask.poll(seconds):
                return tuple(self.ask.recv())
        return None

    def go_on(self) -> None:
        assert self.ask is not None
        with contextlib.suppress(OSError):
            self.ask.send("go")


class CrashTown:
    """One home for all cases; repository, gate, journal and warrant are new for each."""

    def __init__(self, folder: Path, executors: Sequence[str] = ("executor",), town: Town | None = None) -> None:
        self.town = town or Town(folder / "home", checks=(CHECK,), executors=executors, release_tags="v")
        self.base_tree, self.result_tree = self.town.base_tree, self.town.result_tree
        self.home, self.bare, self.old = self.town.home, self.town.bare, self.town.old
        self.ref = MAIN
        git(self.bare, "config", "core.logAllRefUpdates", "always")
        git(self.bare, "update-ref", "--create-reflog", MAIN, self.town.tip())
        self._kept = folder / "kept"
        shutil.copytree(self.home / "gate", self._kept)
        shutil.rmtree(self.home / "gate")
        self.volumes = {name: Volume(self.home / name) for name in ("gate", "executor")}
        self.control = Control()
        self.inner_port = _free_port()
        self._gate_wire = Wire(self.town.gate_port, self.inner_port)
        self.wire: Wire | Wires = self._gate_wire
        self._making = multiprocessing.get_context("forkserver")
        self._making.set_forkserver_preload(["world.crash_processes", "soak.crash_cells"])
        _warm()
        self.gate: Child | None = None
        self.executors: list[Child] = []

    def enter(self, *, healthy: bool, releases: bool = False) -> None:
        """A fresh case: the gate's folder as it was, no journal, a new warrant, clocks that are right."""
        self.town.healthy = healthy
        self.ref, self.old = (FIRST_TAG, "") if releases else (MAIN, self.town.old)
        self.base_tree = self.town.base_tree
        self.result_tree = self.town.base_tree if releases else self.town.result_tree
        self.wire.heal()
        self.wire.tokens.clear()
        for name in ("gate", "executor"):
            for entry in (self.home / name).iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        for place in (*self.home.glob("clock-*"), *self.home.glob("*.log")):
            place.unlink()
        shutil.copytree(self._kept, self.home / "gate", dirs_exist_ok=True)
        self.town.case.now = int(time.time())
        self.control.offer(self.town.release_bundle() if releases else self.town._bundle())
        self._log_lines = len(self._log())
        if releases:
            pass_drills(self.home, self.town.case.now)
        self.start_gate()

    def leave(self) -> None:
        """Kill whatever runs."""
        for child in (*self.executors, self.gate):
            if child is not None:
                child.kill()
        self.executors, self.gate = [], None

    def close(self) -> None:
        self.leave()
        self.control.close()
        self.wire.close()
        self.town.close()
        for volume in self.volumes.values():
            volume.close()

    def start_gate(self) -> None:
        self.gate = self._child(gate_process, (self.home, self.inner_port), None)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{self.inner_port}/gate/v1/health", trust_env=False).is_success:
                    return
            time.sleep(0.02)
        raise AssertionError((self.home / "gate.log").read_text()[-2000:])

    def start_executor(self, points: tuple[Any, ...] = (), **changes: Any) -> Child:
        ours, theirs = self._making.Pipe()
        place = Place(
            **{"home": self.home, "gate_port": self.town.gate_port, "control_port": self.control.port, **changes}
        )
        child = self._child(executor_process, (place, points, theirs), ours)
        theirs.close()
        self.executors.append(child)
        return child

    def set_clocks(self, seconds: int, *who: str) -> None:
        for name in who:
            scratch = self.home / f"clock-{name}.new"
            scratch.write_text(str(seconds))
            scratch.rename(self.home / f"clock-{name}")

    def tip(self) -> str:
        return git(self.bare, "for-each-ref", "--format=%(objectname)", self.ref).strip()

    def moves(self) -> list[tuple[str, str]]:
        """Every move of the ref since the case began, from its log."""
        return [(line.split(" ")[0], line.split(" ")[1]) for line in self._log()[self._log_lines :]]

    def _log(self) -> list[str]:
        place = self.bare / "logs" / self.ref
        return place.read_text().splitlines() if place.exists() else []

    def journal_place(self) -> Path | JournalPlace:
        """Where the executor's journal is."""
        return self.home / "executor" / "journal.db"

    def rows(self, sql: str, folder: str = "executor") -> list[tuple[Any, ...]]:
        """Read a journal from outside; nothing while it is not there or cannot be read."""
        with contextlib.suppress(sqlite3.OperationalError):
            place = f"file:{self.home / folder / 'journal.db'}?mode=ro"
            with contextlib.closing(sqlite3.connect(place, uri=True, timeout=5)) as link:
                return link.execute(sql).fetchall()
        return []

    def over(self, folder: str = "executor") -> bool:
        """Whether every execution has its end, every lease too, and control was told everything."""
        left = self.rows(
            "select (select count(*) from executions), (select count(*) from executions where outcome is null"
            " or report_sent = 0), (select count(*) from leases where state <> 'released'),"
            " (select count(*) from entries where sent = 0)",
            folder,
        )
        return bool(left) and left[0][0] > 0 and left[0][1:] == (0, 0, 0)

    def said(self) -> str:
        """The last lines of every log."""
        texts = [place.read_text(errors="replace")[-1500:] for place in sorted(self.home.glob("*.log"))]
        return "\n".join(texts)

    def _child(self, target: Any, arguments: tuple[Any, ...], ask: Connection | None) -> Child:
        process = self._making.Process(target=target, args=arguments, daemon=True)
        with _no_main():
            process.start()
        return Child(process, ask)


def _warm() -> None:
    """Start the server of processes where it finds what it is to import: it hears of no `sys.path` but this."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS), *([before] if before else [])])
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """Children are not to import the program that runs the cases."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pass_drills(home: Path, now: int) -> None:
    """In the executor's own journal, as if they had passed and control knew: what is not of a low class asks for them."""
    identity = Identity(load_process_key(home / "keys" / "executor.key"), deployment=NAME)
    journal = Journal(home / "executor" / "journal.db", identity, SystemClock())
    for kind in DrillKind:
        probes = (Probe(probe="p", held=True, seen="s"),)
        body = DrillResult(
            order=digest(b"order"), kind=kind, repository="shop", environment="staging", passed=True, probes=probes
        )
        DrillRecord(journal, identity).add(identity.frame(body, "drl", now=now, lifetime=DRILL_SECONDS))
    journal.rows.execute("update drills set sent = 1")
    journal.close()


def another_hand(town: CrashTown) -> str:
    """Somebody with access to the gate's disk puts a commit on top; its id."""
    tip = town.tip()
    new = git(town.bare, "commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "by another hand").strip()
    argv = ["git", "-c", f"core.hooksPath={os.devnull}", "-C", str(town.bare), "update-ref", MAIN, new, tip]
    subprocess.run(argv, check=True, capture_output=True)
    return new


@contextlib.contextmanager
def crash_town(folder: Path, executors: Sequence[str] = ("executor",)) -> Iterator[CrashTown]:
    town = CrashTown(folder, executors)
    try:
        yield town
    finally:
        town.close()
