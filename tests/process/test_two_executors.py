"""Two real executors on one control and one gate: each warrant once, in turn, and a dead one's goes to the other."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from world.casework import CaseWorld
from world.control_process import Caller, start_control, start_executor, start_gate, start_witness

from magistrate.usecases.skew import executors_of

pytestmark = pytest.mark.slow
PEOPLE = "/api/v1/people"
NOTES = (
    {"notes.md": "# Notes\n\nThis service greets people.\n"},
    {"notes.md": "# Notes\n\nThis service greets all.\n"},
)
BRIEF = (
    "import magistrate.wire.warrant as warrant, magistrate.usecases.polls as polls\n"
    "warrant.WARRANT_SECONDS, polls.ASKING_SECONDS = 75, 300"
)
"""Control's warrants lapse sooner, and whoever asked is remembered longer, so that the dead one still gets the first."""


@pytest.fixture
def world(tmp_path: Path) -> CaseWorld:
    made = CaseWorld(tmp_path, executors=("executor", "executor-b"))
    made.store.close()
    return made


def approved(world: CaseWorld, files: dict[str, str]) -> str:
    """A case that ben approved; the path of its story."""
    front, ben = Caller(world.deployment, "front"), Caller(world.deployment, "ben")
    answer = front.post("/internal/v1/proposals", world.proposal(files))
    assert answer.status_code == 200, answer.text
    path = f"{PEOPLE}/cases/{answer.json()['proposal'][7:17]}"
    ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW", 90)
    said = ben.post(f"{path}/approvals", {"envelope": world.approval("ben", world.case_of(answer.json()["proposal"]))})
    assert said.status_code == 200, said.text
    return path


def ended(world: CaseWorld, path: str) -> tuple[str, list[dict[str, Any]]]:
    """How the case ended, and the facts of each warrant that it had."""
    over = {"SUCCEEDED", "FAILED", "EXPIRED", "HALTED", "IN_DOUBT", "STALE"}
    told = Caller(world.deployment, "ben").awaited(path, lambda found: found["case"]["state"] in over, 400)
    return told["case"]["state"], [one["facts"] for one in told["events"] if one["event"] == "warrant.issued"]


def executions(world: CaseWorld) -> list[list[tuple[str]]]:
    rows = []
    for home in (world.home, world.home.parent / "home-executor-b"):
        with sqlite3.connect(home / "executor" / "journal.db") as journal:
            rows.append(journal.execute("select outcome from executions order by rowid").fetchall())
    return rows


def commits(world: CaseWorld) -> int:
    bare = str(world.deployment.settings.repositories / "shop.git")
    done = subprocess.run(
        ["git", "-C", bare, "rev-list", "--count", "refs/heads/main"], capture_output=True, check=True
    )
    return int(done.stdout)


@pytest.mark.requirement("R56")
def test_two_executors_take_turns_and_each_warrant_is_used_once(world: CaseWorld) -> None:
    town, started, before = world.deployment, [], commits(world)
    try:
        started += [start_witness(town), start_control(town), start_gate(town)]
        started += [start_executor(town), start_executor(town, name="executor-b")]
        Caller(town, "anna").awaited(f"{PEOPLE}/status", lambda told: all(one["asks"] for one in told["executors"]), 90)
        named = []
        for files in NOTES:
            state, warrants = ended(world, approved(world, files))
            assert state == "SUCCEEDED"
            (facts,) = warrants
            named.append(facts["executor"])
        assert sorted(named) == sorted(executors_of(world.trust.roster())), "one each"
        assert executions(world) == [[("succeeded",)], [("succeeded",)]]
        assert commits(world) == before + 2
    finally:
        for running in reversed(started):
            running.stop()


@pytest.mark.requirement("R56")
def test_the_unused_warrant_of_a_killed_executor_lapses_and_the_other_executes_once(world: CaseWorld) -> None:
    town, started, before = world.deployment, [], commits(world)
    try:
        started += [start_witness(town), start_control(town, BRIEF), start_gate(town)]
        started += [start_executor(town), start_executor(town, name="executor-b")]
        Caller(town, "anna").awaited(f"{PEOPLE}/status", lambda told: all(one["asks"] for one in told["executors"]), 90)
        started[3].kill()
        state, warrants = ended(world, approved(world, NOTES[0]))
        assert [one["executor"] for one in warrants] == list(executors_of(world.trust.roster()))
        assert warrants[1]["chosen"].endswith("the one before did nothing")
        assert state == "SUCCEEDED", (world.home / "run" / "executor-b.log").read_text()[-3000:]
        started[3] = start_executor(town)  # it comes back, and finds nothing to do
        Caller(town, "anna").awaited(f"{PEOPLE}/status", lambda told: all(one["asks"] for one in told["executors"]), 90)
        assert executions(world) == [[], [("succeeded",)]]
        assert commits(world) == before + 1
    finally:
        for running in reversed(started):
            running.stop()
