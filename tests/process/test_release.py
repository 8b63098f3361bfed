"""A release from its draft to a signed tag, through every process; and what nobody gets past the gate (R5, R30)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from world.casework import CaseWorld, git
from world.control_process import Caller, start_control, start_executor, start_gate, start_witness
from world.front_process import Assistant, start_front

from magistrate.gate.repositories import HOOKS
from magistrate.wire.drill import DrillOrder
from magistrate.wire.sshsig import ssh_line

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R5", "R30")]
PEOPLE = "/api/v1/people"


@pytest.fixture
def begun(tmp_path: Path):
    made = CaseWorld(tmp_path, release_tags="v")
    git("tag", "-a", "-m", "the first", "v1.2.0", cwd=made.work)
    git("push", "-q", "origin", "v1.2.0", cwd=made.work)
    made.seed({"greeting.py": "def greet() -> str:\n    return 'hello'\n"})
    opened = made.session()
    made.store.close()
    return made, opened


def bare(world) -> Path:
    return world.deployment.settings.repositories / "shop.git"


def refs(world) -> dict[str, str]:
    lines = git("for-each-ref", "--format=%(refname) %(objectname)", cwd=bare(world)).splitlines()
    return dict(line.split() for line in lines)


def drafted(world, opened, step: str) -> str:
    agent = Assistant(world.deployment, opened.session, opened.token)
    told = agent.good(
        "submit_proposal", release=step, rationale="ship the greeting", prompt="release it", finding=world.finding.id
    )
    return told["proposal"]


def test_a_release_is_drafted_agreed_signed_and_made_once(begun):
    world, opened = begun
    started = []
    try:
        started += [start_witness(world.deployment), start_control(world.deployment), start_gate(world.deployment)]
        started += [start_executor(world.deployment), start_front(world.deployment)]
        anna, ben = (Caller(world.deployment, name) for name in ("anna", "ben"))
        body = DrillOrder(person="anna", repository="shop", environment="staging", scratch="drill-shop")
        order = world.deployment.by_person("anna", body, "dro", lifetime=3600)
        assert anna.post(f"{PEOPLE}/drills", {"envelope": order}).status_code == 200
        before = refs(world)
        path = f"{PEOPLE}/cases/{drafted(world, opened, 'minor')[7:]}"
        told = ben.awaited(path, lambda found: found["case"]["state"] in {"IN_REVIEW", "HELD"})
        assert told["case"]["state"] == "IN_REVIEW", told["case"]
        assert "release" in told["case"]["class"]
        assert told["case"]["strictness"] == "two"
        ben.awaited(f"{PEOPLE}/drills", lambda found: str(found["results"]).count("'passed': True") >= 4, 60)
        proposal = path.rsplit("/", 1)[1]
        for name in ("ben", "carla", "dora"):
            person, case = Caller(world.deployment, name), world.case_of(f"sha256:{proposal}")
            if case.standing.state.value == "IN_REVIEW":
                said = person.post(f"{path}/approvals", {"envelope": world.approval(name, case)})
                assert said.status_code == 200, said.text
        told = ben.awaited(
            path, lambda found: found["case"]["state"] in {"SUCCEEDED", "FAILED", "HALTED", "APPROVED_NOT_EXECUTED"}, 60
        )
        log = (world.home / "run" / "executor.log").read_text()
        assert told["case"]["state"] == "SUCCEEDED", (told["case"], log[-3000:])
        after = refs(world)
        assert {**before, "refs/tags/v1.3.0": after["refs/tags/v1.3.0"]} == after
        assert git("rev-parse", "v1.3.0^{commit}", cwd=bare(world)).strip() == before["refs/heads/main"]
        verified(world, "v1.3.0")
        unmoved(world)
    finally:
        for running in reversed(started):
            running.stop()


def verified(world, tag: str) -> None:
    """git alone believes the signature, by the key that the roster names."""
    line = ssh_line(world.deployment.keys["executor"].public_key().public_bytes_raw())
    signers = world.home / "allowed_signers"
    signers.write_text(f'executor@magistrate.invalid namespaces="git" {line}\n')
    setting = ["-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}"]
    done = subprocess.run(["git", *setting, "verify-tag", "-v", tag], cwd=bare(world), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Good" in done.stdout + done.stderr
    assert b"Reviewed-by: " in done.stdout + done.stderr


def unmoved(world) -> None:
    """Nobody moves or takes away a tag in the gate's repository, with its hooks in force."""
    for argv in (["update-ref", "refs/tags/v1.3.0", "refs/heads/main"], ["update-ref", "-d", "refs/tags/v1.3.0"]):
        done = subprocess.run(
            ["git", "-c", f"core.hooksPath={HOOKS}", *argv], cwd=bare(world), capture_output=True, check=False
        )
        assert done.returncode != 0
        assert b"never moves" in done.stderr
