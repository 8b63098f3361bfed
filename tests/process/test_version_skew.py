"""Control and executor as real processes from two sources: skew is told, nothing is opened, and the upgrade mends it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from world.casework import CaseWorld
from world.control_process import Caller, other_version, start_control, start_executor, start_gate, start_witness

pytestmark = pytest.mark.slow
PEOPLE = "/api/v1/people"
TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}


@pytest.mark.requirement("R44", "R50", "R55")
def test_skew_is_refused_told_and_mended_by_an_upgrade_with_new_approvals(tmp_path: Path) -> None:
    world = CaseWorld(tmp_path)
    world.store.close()
    town, other, started = world.deployment, other_version(tmp_path), []
    anna, ben, front = (Caller(town, name) for name in ("anna", "ben", "front"))
    try:
        started += [start_witness(town), start_control(town), start_gate(town)]
        proposal = front.post("/internal/v1/proposals", world.proposal(TYPO)).json()["proposal"]
        path = f"{PEOPLE}/cases/{proposal[7:17]}"
        ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW", 90)
        approval = world.approval("ben", world.case_of(proposal))
        ben.post(f"{path}/approvals", {"envelope": approval})
        ben.awaited(path, lambda found: found["case"]["state"] == "WARRANTED", 90)  # nobody asks, so nobody knows yet
        started.append(start_executor(town, other))
        told = ben.awaited(path, lambda found: found["documents"]["report"], 90)
        (report,) = told["documents"]["report"]
        assert report["document"]["body"]["outcome"] == "version_skew"
        assert told["case"]["state"] == "CLEARED"
        assert told["case"]["why"].startswith("MAG-E400 version skew")
        assert {hold["by"] for hold in told["case"]["held"]} == {"skew", "warrant"}
        assert "lease.requested" not in [event["event"] for event in told["events"]]
        with sqlite3.connect(town.home / "executor" / "journal.db") as journal:
            assert journal.execute("select count(*) from leases").fetchone() == (0,)
        status = anna.awaited(f"{PEOPLE}/status", lambda found: any("version skew" in a for a in found["alarms"]), 30)
        assert [one["asks"] for one in status["executors"]] == [True]
        started[1].stop()
        started[1] = start_control(town, source=other)  # control is upgraded: another verdict, another approval
        again = ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW", 120)
        assert len(again["documents"]["assessment"]) == 2
        assert [asked["have"] for asked in again["case"]["obligations"]] == [0]
        late = ben.post(f"{path}/approvals", {"envelope": approval})
        assert late.status_code in {403, 409}, late.text
        assert not any("version skew" in a for a in anna.get(f"{PEOPLE}/status").json()["alarms"])
    finally:
        for running in reversed(started):
            running.stop()
