"""Executor and gate as processes of their own: real parts, with clocks that can be set and points to stop at.

An executor that comes to a point of its list says so through its pipe and goes on when it is answered;
whoever listens there kills, stops or starves it meanwhile. Nothing in it knows of faults.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

import uvicorn
from world.real_gate import NAME, apply_with_git, outside_of, planner_here
from world.system_town import systems_here

from magistrate.adapters.keys.process import load_process_key
from magistrate.bootstrap.executor import LoggedAlarm, SystemClock, run
from magistrate.bootstrap.executor_journal import journal_of
from magistrate.bootstrap.gate import compose
from magistrate.errors import MagistrateError
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.assembly import Outside, assemble
from magistrate.executor.credentials.git_gate import GitGate
from magistrate.executor.identity import Identity
from magistrate.executor.inbox import HttpInbox
from magistrate.executor.journal import Journal
from magistrate.executor.ports import Scanned, Seen
from magistrate.executor.signed_http import SignedHttp
from magistrate.gate.repositories import end_orphans
from magistrate.settings import HOST, load_settings

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one executor works: its folder and key, and the doors it knows.

    `patience` is how long it waits for an answer and `lease_seconds` how long its credentials live at most.
    """

    home: Path
    gate_port: int
    control_port: int
    folder: str = "executor"
    key: str = "executor"
    patience: float = 3.0
    lease_seconds: int = 30
    systems: bool = False
    """Whether it changes what its home names as systems, too."""


class SetClock(SystemClock):
    """The clock of this machine and the seconds that a file says."""

    def __init__(self, home: Path, who: str) -> None:
        self._place = home / f"clock-{who}"

    def now(self) -> int:
        try:
            return super().now() + int(self._place.read_text())
        except (FileNotFoundError, ValueError):
            return super().now()


class ShortLeases(Identity):
    """Leases of at most so many seconds: their end can be awaited."""

    longest: int

    def frame(self, body: Any, prefix: str, *, now: int, lifetime: int | None, audience: str = "") -> Any:
        if prefix == "lse" and lifetime is not None:
            lifetime = min(lifetime, self.longest)
        return super().frame(body, prefix, now=now, lifetime=lifetime, audience=audience)


class PassingChecks:
    """The policy's command passes: running it in the sandbox has tests of its own."""

    def run(self, repository: str, tree: str, command: Any) -> Seen:
        del repository, tree, command
        return Seen(held=True, seen="passed")

    def scan(self, repository: str, tree: str, command: Any) -> Scanned:
        raise AssertionError("the policy of this case asks for no scan")


def pointed_journal(points: tuple[Any, ...], ask: Connection) -> type[Journal]:
    """A journal that stops at each point once; occurrences are counted in the journal, over all processes."""

    class Pointed(Journal):
        left: ClassVar[list[Any]] = list(points)

        def write(self, execution: str, step: str, status: Any, facts: Any, also: Any = None) -> Any:
            counting = "select count(*) from entries where step = ? and status = ?"
            (before,) = self.rows.execute(counting, (str(step), str(status))).fetchone()
            self._stop_at(step, status, before + 1, "before")
            entry = super().write(execution, step, status, facts, also)
            self._stop_at(step, status, before + 1, "after")
            return entry

        def _stop_at(self, step: str, status: str, number: int, moment: str) -> None:
            for point in self.left:
                if (point.step, point.status, point.occurrence, point.moment) == (step, status, number, moment):
                    Pointed.left.remove(point)
                    ask.send((str(step), str(status), number, moment))
                    ask.recv()
                    return

    return Pointed


def world_of(place: Place) -> Outside:
    """The real world of an executor; its judge says what the case says, its checks pass."""
    home, clock = place.home, SetClock(place.home, place.folder)
    identity = ShortLeases(load_process_key(home / "keys" / f"{place.key}.key"), deployment=NAME)
    identity.longest = place.lease_seconds
    url = f"http://{HOST}:{place.gate_port}"
    to_gate = SignedHttp(url, audience="gate", identity=identity, clock=clock)
    to_gate._client.timeout = place.patience
    to_control = SignedHttp(
        f"http://{HOST}:{place.control_port}", audience="control", identity=identity, clock=clock
    )  # fmt: skip
    gate = GitGate(to_gate, url)
    target = GitTarget(
        home / place.folder / "work", source=lambda name: str(home / "gate" / "repositories" / f"{name}.git"),
        rebuilder=apply_with_git, planner=planner_here(),
    )  # fmt: skip
    plain = outside_of(home)
    if place.systems:
        given = systems_here(home, identity, clock)
        plain = replace(plain, **{**given, "closing": (*plain.closing, *given.get("closing", ()))})
    return replace(
        plain, identity=identity, clock=clock, alarm=LoggedAlarm(), inbox=HttpInbox(to_control, lambda: ""), broker=gate,
        drill_ground=gate, gate_misuse=gate, target=target, misuse=target, checks=PassingChecks(), watch_seconds=3600.0,
        closing=(*plain.closing, to_gate.close, to_control.close),
    )  # fmt: skip


def executor_process(place: Place, points: tuple[Any, ...], ask: Connection) -> None:
    """Work until SIGTERM, in a process group of its own."""
    _alone(place.home / f"{place.folder}.log")
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    try:
        outside = world_of(place)
        settings = load_settings(place.home)
        where = journal_of(settings) if settings.journal_url else place.home / place.folder / "journal.db"
        journal = pointed_journal(points, ask)(where, outside.identity, outside.clock)
    except MagistrateError as error:
        sys.stderr.write(error.diagnostics() + "\n")
        raise SystemExit(error.exit_status) from error
    run(assemble(outside, journal), stopping, POLL_SECONDS)
    journal.close()
    outside.close()


def gate_process(home: Path, port: int) -> None:
    """The gate of a home behind a port of its own, in a process group of its own."""
    _alone(home / "gate.log")
    settings = load_settings(home)
    end_orphans(settings.home)
    app = compose(settings, SetClock(home, "gate").now).app()
    uvicorn.run(app, host=HOST, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=1)


def _alone(log: Path) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
