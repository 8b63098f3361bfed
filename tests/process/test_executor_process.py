"""Witness, control, gate and executor as four real processes: drills, then a change from proposal to merged ref."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from world.casework import CaseWorld
from world.control_process import Caller, start_control, start_executor, start_gate, start_witness

from magistrate.wire.drill import DrillOrder

pytestmark = pytest.mark.slow
PEOPLE = "/api/v1/people"
TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}


@pytest.fixture
def world(tmp_path: Path):
    made = CaseWorld(tmp_path)
    made.store.close()
    return made


def tip(world) -> str:
    bare = world.deployment.settings.repositories / "shop.git"
    done = subprocess.run(["git", "-C", str(bare), "rev-parse", "refs/heads/main"], capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.mark.requirement("R50", "R53", "R55", "R57", "R60", "R85")
def test_a_typo_is_drilled_approved_executed_and_recorded(world):
    home, started = world.home, []
    try:
        started += [start_witness(world.deployment), start_control(world.deployment)]
        started += [start_gate(world.deployment), start_executor(world.deployment)]
        anna, ben, front = (Caller(world.deployment, name) for name in ("anna", "ben", "front"))
        body = DrillOrder(person="anna", repository="shop", environment="staging", scratch="drill-shop")
        order = world.deployment.by_person("anna", body, "dro", lifetime=3600)
        assert anna.post(f"{PEOPLE}/drills", {"envelope": order}).status_code == 200
        before = tip(world)
        answer = front.post("/internal/v1/proposals", world.proposal(TYPO))
        assert answer.status_code == 200, answer.text
        proposal = answer.json()["proposal"]
        path = f"{PEOPLE}/cases/{proposal[7:17]}"
        ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW")
        said = ben.post(f"{path}/approvals", {"envelope": world.approval("ben", world.case_of(proposal))})
        assert said.status_code == 200, said.text
        told = ben.awaited(path, lambda found: found["case"]["state"] in {"SUCCEEDED", "FAILED", "HALTED"}, 40)
        log = (home / "run" / "executor.log").read_text()
        assert told["case"]["state"] == "SUCCEEDED", log[-3000:]
        events = [entry["event"] for entry in told["events"]]
        wanted = ["warrant.issued", "lease.requested", "lease.held", "effect.started", "lease.released", "effect.done",
                  "verification.done"]  # fmt: skip
        assert [event for event in events if event in wanted] == wanted, events
        assert tip(world) != before
        drills = ben.get(f"{PEOPLE}/drills").json()
        deadline = time.monotonic() + 30
        while str(drills).count("'passed': True") < 4 and time.monotonic() < deadline:
            time.sleep(0.2)
            drills = ben.get(f"{PEOPLE}/drills").json()
        assert str(drills).count("'passed': True") >= 4, str(drills)[:3000]
    finally:
        for running in reversed(started):
            running.stop()
