"""Earned, granted, used and lost, through every process and the program: nobody is asked, until one person says so.

What must be on record is set low in control here, since 300 changes take weeks; everything else is as it is. The keys of
the processes belong to users of their own, which is what the walls are judged by.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from world import warm, warm_judge
from world.casework import CaseWorld
from world.control_process import Caller, start_control, start_executor, start_gate, start_witness

from magistrate.wire.drill import DrillOrder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.getuid() != 0, reason="only root gives the keys of the processes to users of their own"),
]
PEOPLE = "/api/v1/people"
LOW_BARS = (
    "from magistrate.domain.trust import Bars\n"
    "Bars.__init__.__kwdefaults__ |= {'assessed': 0, 'live': 0, 'agent_live': 0, 'rollback_drills': 1}"
)
PLACE = ("formatting", "--repository", "shop", "--environment", "staging", "--agent", "fixer")


def layout(blank: str) -> str:
    """The program of the world with other blanks around its operator."""
    return f"import os\n\n\ndef greet(name):\n    return 'hello '{blank}+ name\n"


class Team:
    """The deployment of a CaseWorld as people see it: the program with their key files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.world = folder, CaseWorld(folder)
        self.world.seed({"other.py": "A = 1\n"})
        self.world.store.close()
        self.town = self.world.deployment
        for user, name in enumerate(("front", "control", "gate", "executor"), start=61000):
            os.chown(self.town.settings.key(name), user, user)
        for name, key in self.town.people.items():
            path = folder / f"{name}.key"
            path.write_bytes(key._private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
            path.chmod(0o600)

    def __call__(self, person: str, *arguments: str, status: int = 0) -> str:
        who = ("--as", person, "--key", str(self.folder / f"{person}.key"), "--home", str(self.town.home))
        done = warm.run(
            [*arguments, *who],
            env={**os.environ, **warm_judge.asked(), "HOME": str(self.folder), "NO_COLOR": "1"},
            timeout=90,
        )
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def drill(self) -> None:
        body = DrillOrder(person="anna", repository="shop", environment="staging", scratch="drill-shop")
        order = self.town.by_person("anna", body, "dro", lifetime=3600)
        assert Caller(self.town, "anna").post(f"{PEOPLE}/drills", {"envelope": order}).status_code == 200
        Caller(self.town, "ben").awaited(f"{PEOPLE}/drills", lambda found: len(found["results"]) >= 4, 90)

    def proposed(self, **files: str) -> str:
        """A change of the layout, as front hands it over."""
        files = {f"{name}.py": text for name, text in files.items()}
        answer = Caller(self.town, "front").post("/internal/v1/proposals", self.world.proposal(files))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["proposal"])

    def until(self, proposal: str, *states: str) -> dict[str, Any]:
        path = f"{PEOPLE}/cases/{proposal[7:17]}"
        return Caller(self.town, "ben").awaited(path, lambda found: found["case"]["state"] in states, 90)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made, started = Team(tmp_path), []
    try:
        started += [start_witness(made.town), start_control(made.town, LOW_BARS)]
        started += [start_gate(made.town), start_executor(made.town)]
        yield made
    finally:
        for running in reversed(started):
            running.stop()


@pytest.mark.requirement("R69", "R70", "R73", "R60")
def test_nobody_is_asked_about_what_was_promoted_until_somebody_takes_it_back(team: Team) -> None:
    assert "people are asked about everything" in team("ben", "trust")
    early = team("ben", "trust", "promote", *PLACE, status=1)
    assert "MAG-E471" in early
    assert "drills have not all passed" in early
    team.drill()
    assert "earned; two persons may sign" in team("ben", "trust", "record", *PLACE)
    signed = team("ben", "trust", "promote", *PLACE, "--days", "7")
    assert "not in force: a promotion needs 2 persons" in signed
    (waiting,) = team.town.home.glob("promotion-*.next.json")
    name = waiting.name.removeprefix("promotion-").removesuffix(".next.json")
    assert "not in force" in team("anna", "trust", "sign", name), "who owns the agent does not count"
    assert f"one more must sign: magistrate trust sign {name}" in team("carla", "trust")
    asked = team.until(team.proposed(other="A  = 1\n"), "IN_REVIEW")
    assert asked["case"]["class"] == "formatting"
    assert "promoted: " in team("carla", "trust", "sign", name)
    assert not waiting.exists()
    before = team.world.repositories.tip("shop", "refs/heads/main")
    done = team.until(team.proposed(app=layout("   ")), "SUCCEEDED", "FAILED", "HALTED")
    assert done["case"]["state"] == "SUCCEEDED", done["case"]["why"] + _log(team)
    assert done["missing"] == []
    assert team.world.repositories.tip("shop", "refs/heads/main") != before
    told = [one["event"] for one in done["events"]]
    assert ("case.cleared" in told, "approval.given" in told) == (True, False)
    shown = team("ben", "show", done["case"]["short"])
    assert "case.cleared" in shown
    assert "persons=ben carla" in shown
    assert f"{name}\tformatting\tshop\tstaging\tfixer\t" in team("ben", "trust")
    assert "people are asked again" in team("dora", "trust", "demote", name, "--reason", "look at it first")
    assert "\tno\n" in team("ben", "trust")
    assert team.until(team.proposed(app=layout("    ")), "IN_REVIEW")["case"]["class"] == "formatting"


def _log(team: Team) -> str:
    return "\n".join((team.town.home / "run" / f"{name}.log").read_text()[-1500:] for name in ("executor", "control"))
