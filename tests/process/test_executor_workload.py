"""Real gate, control, witness and executor where policy asks for workload tokens: with them a change merges."""

from __future__ import annotations

import dataclasses
import subprocess
import threading
import time
from pathlib import Path

import pytest
from world.casework import CaseWorld
from world.control_process import Caller, start_control, start_executor, start_gate, start_witness
from world.workload import Issuer

from magistrate.settings import settings_text
from magistrate.wire.drill import DrillOrder

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R52")]
PEOPLE = "/api/v1/people"
ENDS = {"SUCCEEDED", "FAILED", "HALTED", "APPROVED_NOT_EXECUTED"}


class Platform:
    """Writes a fresh token again and again, as an agent of a platform does."""

    def __init__(self, issuer: Issuer, path: Path) -> None:
        self.issuer, self.path, self.over = issuer, path, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        kept = self.path.with_suffix(".next")
        while not self.over.is_set():
            kept.write_text(self.issuer.token(now=int(time.time())))
            kept.chmod(0o600)
            kept.replace(self.path)
            self.over.wait(0.01)


def tip(world: CaseWorld) -> str:
    bare = world.deployment.settings.repositories / "shop.git"
    done = subprocess.run(["git", "-C", str(bare), "rev-parse", "refs/heads/main"], capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.mark.parametrize("proven", [True, False])
def test_a_change_merges_with_the_token_and_never_without(tmp_path, proven):
    issuer = Issuer()
    world = CaseWorld(tmp_path, workloads=issuer.asked_by)
    world.store.close()
    token = world.home / "executor-token"
    settings = dataclasses.replace(world.deployment.settings, workload_token=token if proven else None)
    (world.home / "magistrate.toml").write_text(settings_text(settings))
    assert world.deployment.settings.workload_token == (token if proven else None)
    platform, started, before = Platform(issuer, token), [], tip(world)
    platform.thread.start()
    try:
        started += [start_witness(world.deployment), start_control(world.deployment)]
        started += [start_gate(world.deployment), start_executor(world.deployment)]
        anna, ben, front = (Caller(world.deployment, name) for name in ("anna", "ben", "front"))
        body = DrillOrder(person="anna", repository="shop", environment="staging", scratch="drill-shop")
        order = world.deployment.by_person("anna", body, "dro", lifetime=3600)
        assert anna.post(f"{PEOPLE}/drills", {"envelope": order}).status_code == 200
        answer = front.post(
            "/internal/v1/proposals", world.proposal({"notes.md": "# Notes\n\nThis service greets people.\n"})
        )
        assert answer.status_code == 200, answer.text
        proposal = answer.json()["proposal"]
        path = f"{PEOPLE}/cases/{proposal[7:17]}"
        ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW")
        said = ben.post(f"{path}/approvals", {"envelope": world.approval("ben", world.case_of(proposal))})
        assert said.status_code == 200, said.text
        told = ben.awaited(path, lambda found: found["case"]["state"] in ENDS, 60)
        log = (world.home / "run" / "executor.log").read_text()
        assert (told["case"]["state"] == "SUCCEEDED") is proven, log[-3000:]
        assert (tip(world) != before) is proven
        assert proven or "policy asks for a workload token" in log
        assert "eyJ" not in log
    finally:
        platform.over.set()
        platform.thread.join()
        for running in reversed(started):
            running.stop()
