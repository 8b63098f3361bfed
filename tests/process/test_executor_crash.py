"""kill -9 of a real executor, and of the real gate, at every journal step and inside the push (AS-22)."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from world.crash_verdict import verify_nothing_half
from world.real_gate import FolderControl, outside_of
from world.warm_gate import run_child, town_with_gate

from magistrate.executor.actions.merge import GitTarget
from magistrate.executor.assembly import assemble
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal

STEPS_FORWARD = 13
STEPS_BACK = 19
POINTS = [
    *(("healthy", moment, k) for k in range(1, STEPS_FORWARD + 1) for moment in ("before", "after")),
    *(("sick", moment, k) for k in range(STEPS_FORWARD, STEPS_BACK + 1) for moment in ("before", "after")),
    *((state, "push", ms) for state in ("healthy", "sick") for ms in (1, 15, 30, 60)),
]


@pytest.mark.slow
@pytest.mark.requirement("R53", "R56", "R57", "R60")
@pytest.mark.parametrize(("state", "moment", "point"), POINTS)
def test_killed_at_any_point_then_restarted(tmp_path: Path, state: str, moment: str, point: int) -> None:
    with town_with_gate(tmp_path / "home", healthy=state == "healthy") as town:
        first = run_child(town.home, moment, str(point))
        assert first.returncode in {-signal.SIGKILL, 0}, first.stderr.decode()
        if moment != "push":
            assert first.returncode == -signal.SIGKILL, "this point was never reached"
        again = run_child(town.home)
        assert again.returncode == 0, again.stderr.decode()
        outcome = verify_nothing_half(town)
        allowed = {"succeeded", "failed", "refused"} if state == "healthy" else {"rolled_back", "failed", "refused"}
        assert outcome in allowed


@pytest.mark.slow
@pytest.mark.requirement("R53", "R56")
@pytest.mark.parametrize("milliseconds", [0, 10, 20, 30, 45, 60])
def test_a_gate_killed_inside_the_push(tmp_path: Path, milliseconds: int) -> None:
    with town_with_gate(tmp_path / "home") as town:

        class Killing(GitTarget):
            def push(self, *arguments: Any) -> Any:
                timer = threading.Timer(milliseconds / 1000, town.kill_gate)
                timer.start()
                try:
                    return super().push(*arguments)
                finally:
                    timer.join()

        outside = outside_of(town.home, Killing)
        journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
        loop = assemble(outside, journal)
        loop.tick()
        assert not FolderControl(town.home).told("reports")
        assert Casebook(journal).open_leases()
        town.start_gate()
        deadline = time.monotonic() + 20
        while not FolderControl(town.home).told("reports") and time.monotonic() < deadline:
            loop.tick()
        journal.close()
        outside.close()
        assert verify_nothing_half(town) in {"succeeded", "failed"}


@pytest.mark.slow
@pytest.mark.requirement("R56")
def test_two_executors_never_work_on_one_journal(tmp_path: Path) -> None:
    from magistrate.errors import Unavailable

    with town_with_gate(tmp_path / "home") as town:
        outside = outside_of(town.home)
        journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
        with pytest.raises(Unavailable, match="another executor"):
            Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
        journal.close()
        outside.close()


@pytest.mark.slow
@pytest.mark.requirement("R50", "R51")
def test_no_token_is_written_anywhere(tmp_path: Path) -> None:
    tokens: list[str] = []

    class Listening(GitTarget):
        def push(self, credential: Any, *arguments: Any) -> Any:
            tokens.append(credential.token)
            assert credential.token not in repr(credential)
            return super().push(credential, *arguments)

    with town_with_gate(tmp_path / "home") as town:
        outside = outside_of(town.home, Listening)
        journal = Journal(town.home / "executor" / "journal.db", outside.identity, outside.clock)
        assemble(outside, journal).tick()
        journal.close()
        outside.close()
        assert verify_nothing_half(town) == "succeeded"
        (token,) = tokens
        for path in town.home.rglob("*"):
            if path.is_file():
                assert token.encode() not in path.read_bytes(), path
