"""`magistrate close`: two people at the command line, control and witness as real processes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from world import warm
from world.casework import CaseWorld
from world.control_process import Caller, start_control, start_witness
from world.halting import halted, waiting

from magistrate.domain.case import Case

pytestmark = pytest.mark.slow


@dataclass
class Stage:
    """A world with a halted case, and one that waits behind it."""

    world: CaseWorld
    stuck: Case
    next: Case


Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made, started = CaseWorld(tmp_path), []
    for person, key in made.deployment.people.items():
        private = key._private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        place = tmp_path / person
        place.write_bytes(private)
        place.chmod(0o600)
    try:
        started.append(start_witness(made.deployment))
        found = Stage(world=made, stuck=halted(made), next=waiting(made))
        made.store.close()
        started.append(start_control(made.deployment))
        yield found
    finally:
        for running in reversed(started):
            running.stop()


@pytest.fixture
def program(stage: Stage, tmp_path: Path) -> Program:
    def run(person: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        who = ("--as", person, "--key", str(tmp_path / person), "--home", str(stage.world.home))
        return warm.run([*arguments, *who], env={**os.environ, "HOME": str(tmp_path)}, timeout=60)

    return run


@pytest.mark.requirement("R58")
def test_two_people_close_a_halted_case_and_its_ref_is_free(stage: Stage, program: Program) -> None:
    world = stage.world
    stuck, case = stage.stuck.facts.proposal[7:19], stage.next.facts.proposal
    words = f"held: refs/heads/main is halted by {stuck}; two people close it"
    rows = {row["id"]: row for row in json.loads(program("ben", "queue", "-o", "json").stdout)}
    assert rows[case[7:19]]["needs"] == words
    assert "magistrate close" in rows[stuck]["needs"]
    assert words in program("ben", "show", case[7:19]).stdout
    for person, why in (("anna", "owns the agent"), ("dora", "none of the roles")):
        refused = program(person, "close", stuck, "--reason", "mine")
        assert refused.returncode == 1
        assert why in refused.stderr
    assert program("carla", "close", case[7:19], "--reason", "no").returncode == 1
    first = program("carla", "close", stuck, "--reason", "the ref is right")
    assert first.returncode == 0, first.stderr
    assert "1 more must sign" in first.stdout
    assert program("carla", "close", stuck, "--reason", "again").returncode == 1
    second = program("ben", "close", stuck, "--reason", "so it is")
    assert second.returncode == 0, second.stderr
    assert "the ref is right" in second.stdout
    assert "free again" in second.stdout
    assert len(list((world.home / "freeze").glob("closure-*.json"))) == 2
    ben = Caller(world.deployment, "ben")
    ben.awaited(f"/api/v1/people/cases/{case}", lambda told: told["case"]["state"] == "WARRANTED")
