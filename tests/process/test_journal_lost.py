"""The executor's journal on a real PostgreSQL: kill -9 of the executor, and of the server, at every entry of a case (AS-22).

Nothing is usable while the server is away, nothing happens twice or by half, and the executor comes back by itself.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from world.crash_verdict import verify_nothing_half
from world.postgres import PostgresServer
from world.real_gate import FolderControl, outside_of
from world.warm_gate import run_child, town_with_gate

from magistrate.bootstrap.executor_journal import journal_of
from magistrate.errors import Unavailable
from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.assembly import assemble
from magistrate.executor.journal import Journal
from magistrate.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("journal-lost")]
STEPS_FORWARD = 13
KILLED = [
    *(("healthy", moment, k) for k in (1, 4, 6, 8, 9, 13) for moment in ("before", "after")),
    *(("sick", moment, k) for k in (14, 17) for moment in ("before", "after")),
    ("healthy", "push", 15),
]
LOST = [
    *(("healthy", "within", k) for k in range(1, STEPS_FORWARD + 1)),
    *(("healthy", "before", k) for k in (2, 6, 8, 9)),
    *(("healthy", "after", k) for k in (6, 7, 8)),
    *(("sick", "within", k) for k in (14, 16, 17, 19)),
]


_NUMBERS = itertools.count()


class Server(PostgresServer):
    """One database for all cases: after a crash a server syncs every file that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.journals = self.database()


@pytest.fixture(scope="module")
def server() -> Any:
    made = Server()
    yield made
    made.remove()


@contextlib.contextmanager
def town_on(server: Server, home: Path, *, healthy: bool) -> Any:
    """A town whose executor has a schema of its own."""
    server.start_again()
    with town_with_gate(home, healthy=healthy) as town:
        with (home / "magistrate.toml").open("a") as out:
            out.write(f'[journal]\nurl = "{server.journals}"\nschema = "case_{next(_NUMBERS)}"\n')
        yield town


@pytest.mark.requirement("R53", "R56", "R57", "R60")
@pytest.mark.parametrize(("state", "moment", "point"), KILLED)
def test_an_executor_killed_at_an_entry_goes_on(server: Server, tmp_path: Path, state: str, moment: str, point: int) -> None:  # fmt: skip
    with town_on(server, tmp_path / "home", healthy=state == "healthy") as town:
        first = run_child(town.home, moment, str(point))
        assert first.returncode in {-signal.SIGKILL, 0}, first.stderr.decode()
        if moment != "push":
            assert first.returncode == -signal.SIGKILL, "this point was never reached"
        again = run_child(town.home)
        assert again.returncode == 0, again.stderr.decode()
        assert not (town.home / "executor" / "journal.db").exists()
        outcome = verify_nothing_half(town)
        allowed = {"succeeded", "failed", "refused"} if state == "healthy" else {"rolled_back", "failed", "refused"}
        assert outcome in allowed


def losing_journal(server: Server, moment: str, point: int, written: list[str]) -> type[Journal]:
    """Its server crashes before, within or after one entry."""

    class Losing(Journal):
        def write(self, execution: str, step: str, status: Any, facts: Any, also: Any = None) -> Any:
            written.append(step)
            if len(written) != point:
                return super().write(execution, step, status, facts, also)

            def crashes(rows: Any) -> None:
                if also is not None:
                    also(rows)
                server.crash()

            if moment == "before":
                server.crash()
            envelope = super().write(execution, step, status, facts, crashes if moment == "within" else also)
            if moment == "after":
                server.crash()
            return envelope

    return Losing


def tick(loop: Any) -> None:
    """A round, as the executor's process runs it: an error is said, and the next one begins."""
    with contextlib.suppress(Unavailable):
        loop.tick()


@pytest.mark.requirement("R53", "R56", "R57", "R60", "R62")
@pytest.mark.parametrize(("state", "moment", "point"), LOST)
def test_a_server_lost_at_an_entry_ends_every_credential_and_is_come_back_from(server: Server, tmp_path: Path, state: str, moment: str, point: int) -> None:  # fmt: skip
    with town_on(server, tmp_path / "home", healthy=state == "healthy") as town:
        outside = outside_of(town.home, watch_seconds=3600.0)
        place = journal_of(load_settings(town.home))
        written: list[str] = []
        journal = losing_journal(server, moment, point, written)(place, outside.identity, outside.clock)
        loop = assemble(outside, journal)
        tick(loop)
        assert len(written) >= point, "this point was never reached"
        before = town.tip()
        tick(loop)
        assert not [lease for lease in outside.broker.leases() if lease.usable]
        assert town.tip() == before, "without a journal nothing is done"
        assert not FolderControl(town.home).told("reports") or point == _last(state)
        server.start()
        deadline = time.monotonic() + 60
        while not FolderControl(town.home).told("reports") and time.monotonic() < deadline:
            tick(loop)
        tick(loop)
        journal.close()
        outside.close()
        outcome = verify_nothing_half(town)
        allowed = {"succeeded", "failed", "refused"} if state == "healthy" else {"rolled_back", "failed", "refused"}
        assert outcome in allowed


def _last(state: str) -> int:
    return STEPS_FORWARD if state == "healthy" else 19


@pytest.mark.requirement("R53", "R56", "R62")
@pytest.mark.parametrize("moment", ["before the push", "after the push"])
def test_a_server_lost_beside_the_push(server: Server, tmp_path: Path, moment: str) -> None:
    """What stands at the gate decides, and the credential is dead although nobody can write that down."""

    class Losing(GitTarget):
        def push(self, *arguments: Any) -> Any:
            if moment == "before the push":
                server.crash()
            try:
                return super().push(*arguments)
            finally:
                server.crash()

    with town_on(server, tmp_path / "home", healthy=True) as town:
        outside = outside_of(town.home, Losing, watch_seconds=3600.0)
        journal = Journal(journal_of(load_settings(town.home)), outside.identity, outside.clock)
        loop = assemble(outside, journal)
        tick(loop)
        assert not [lease for lease in outside.broker.leases() if lease.usable]
        assert town.tree(town.tip()) == town.result_tree, "the intent was durable, so it was pushed once"
        server.start()
        deadline = time.monotonic() + 60
        while not FolderControl(town.home).told("reports") and time.monotonic() < deadline:
            tick(loop)
        journal.close()
        outside.close()
        assert verify_nothing_half(town) == "succeeded"
