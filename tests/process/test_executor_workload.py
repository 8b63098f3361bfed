"""Real gate, control, witness and executor where policy asks for workload tokens: with them a change merges.

The tokens come from a file that a platform refreshes, or from a real OpenID provider that the executor asks itself.
"""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from world.casework import CaseWorld
from world.control_process import Caller, Running, start_control, start_executor, start_gate, start_witness
from world.real_issuer import CLIENT, PLATFORM, RESOURCE, RealIssuer, real_issuer
from world.workload import AUDIENCE, SUBJECT, Issuer, sign

from magistrate.settings import WorkloadIssuer, settings_text
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


def asks_itself(world: CaseWorld, issuer: RealIssuer, grant: str) -> None:
    """Say in magistrate.toml that the executor gets its tokens from this issuer."""
    token = world.home / "platform-token"
    if grant == "token_exchange":
        said = {"iss": PLATFORM, "aud": issuer.url, "sub": SUBJECT, "exp": int(time.time()) + 3600}
        token.write_text(sign({"alg": "ES256", "kid": "p1"}, json.dumps(said).encode(), issuer.platform_key))
        token.chmod(0o400)
    told = WorkloadIssuer(
        grant=grant, issuer=issuer.url, audience=AUDIENCE, client_id=CLIENT, client_key=issuer.client_path, client_key_id="c1",
        resource=RESOURCE, scope="lease",
    )  # fmt: skip
    found = token if grant == "token_exchange" else None
    settings = dataclasses.replace(world.deployment.settings, workload_issuer=told, workload_token=found)
    (world.home / "magistrate.toml").write_text(settings_text(settings))


def approved(world: CaseWorld, callers: dict[str, Caller]) -> str:
    """A change that was proposed and approved; the path of its case."""
    request = world.proposal({"notes.md": "# Notes\n\nThis service greets people.\n"})
    answer = callers["front"].post("/internal/v1/proposals", request)
    assert answer.status_code == 200, answer.text
    proposal = answer.json()["proposal"]
    path = f"{PEOPLE}/cases/{proposal[7:17]}"
    callers["ben"].awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW")
    said = callers["ben"].post(f"{path}/approvals", {"envelope": world.approval("ben", world.case_of(proposal))})
    assert said.status_code == 200, said.text
    return path


def on_disk(folder: Path, secrets: list[str]) -> list[str]:
    """Files below a folder that hold one of these."""
    sought = [text.encode() for text in secrets]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(one in path.read_bytes() for one in sought)]


@pytest.mark.parametrize("grant", ["client_credentials", "token_exchange"])
def test_the_executor_gets_a_token_for_each_lease_itself_and_leaves_none_on_disk(tmp_path, grant):
    (tmp_path / "issuer").mkdir()
    with real_issuer(tmp_path / "issuer") as issuer:
        subject = CLIENT if grant == "client_credentials" else SUBJECT
        world = CaseWorld(tmp_path / "world", workloads=lambda executor: issuer.asked_by(executor, subject))
        world.store.close()
        asks_itself(world, issuer, grant)
        deployment, started = world.deployment, []
        before = tip(world)
        callers = {name: Caller(deployment, name) for name in ("ben", "front")}
        try:
            started += [start_witness(deployment), start_control(deployment), start_gate(deployment)]
            executor = start_executor(deployment)
            started += [executor]
            path = approved(world, callers)
            told = callers["ben"].awaited(path, lambda found: found["case"]["state"] in ENDS, 90)
            log = world.home / "run" / "executor.log"
            assert told["case"]["state"] == "SUCCEEDED", log.read_text()[-3000:]
            assert tip(world) != before
            executor.kill()
            assert len(issuer.given()) == len(set(issuer.given())) >= 1
            assert on_disk(world.home, issuer.given()) == []
        finally:
            for running in reversed(started):
                running.stop()


def silent_until_killed(issuer: RealIssuer, executor: Running, log: Path) -> None:
    """The issuer hangs while the executor, whose row of the lease is durable, asks it; then the executor is killed."""
    journal = executor.home / "executor" / "journal.db"
    executor.await_ready(lambda: row_of_lease(journal))
    assert executor.child.poll() is None, log.read_text()
    executor.kill()


def row_of_lease(journal: Path) -> bool:
    import sqlite3

    with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as db:
        return bool(db.execute("select count(*) from leases").fetchone()[0])


def test_a_kill_while_the_issuer_is_asked_leaves_no_token_and_no_lease_and_a_dead_issuer_opens_nothing(tmp_path):
    (tmp_path / "issuer").mkdir()
    with real_issuer(tmp_path / "issuer") as issuer:
        world = CaseWorld(tmp_path / "world", workloads=issuer.asked_by)
        world.store.close()
        asks_itself(world, issuer, "client_credentials")
        deployment, started, before = world.deployment, [], tip(world)
        log = world.home / "run" / "executor.log"
        callers = {name: Caller(deployment, name) for name in ("ben", "front")}
        try:
            started += [start_witness(deployment), start_control(deployment), start_gate(deployment)]
            issuer.process.send_signal(signal.SIGSTOP)
            executor = start_executor(deployment)
            path = approved(world, callers)
            silent_until_killed(issuer, executor, log)
            assert on_disk(world.home, ["client-assertion-type", "grant_type="]) == []
            issuer.process.send_signal(signal.SIGCONT)
            started += [start_executor(deployment)]
            told = callers["ben"].awaited(path, lambda found: found["case"]["state"] in ENDS, 90)
            assert told["case"]["state"] == "FAILED", log.read_text()[-3000:]
            assert tip(world) == before
            assert on_disk(world.home, issuer.given()) == []
        finally:
            issuer.process.send_signal(signal.SIGCONT)
            for running in reversed(started):
                running.stop()
