"""Freeze and thaw by people alone: one operator stops, two persons lift, no server needed."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from world import warm

from magistrate.adapters.stop_files import read_stops
from magistrate.authority.stops import standing_freezes
from magistrate.entrypoints.cli.people import own_roster
from magistrate.settings import load_settings

ROLES = {"anna": "proposer", "ben": "reviewer,policy_owner", "carla": "operator,policy_owner"}


class Team:
    """Three people with keys and a home that is not up."""

    def __init__(self, folder):
        self.folder, self.home = folder, folder / "home"
        for name in ROLES:
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"fake {name}", "-f", folder / name], check=True
            )
        people = [f"--person={name}:{roles}:{folder / name}" for name, roles in ROLES.items()]
        assert self("init", *people).returncode == 0

    def __call__(self, *arguments, person=""):
        who = ("--as", person, "--key", str(self.folder / person)) if person else ()
        env = {**os.environ, "HOME": str(self.folder)}
        return warm.run([*arguments, *who, "--home", str(self.home)], env=env, timeout=60)

    def frozen(self):
        settings = load_settings(self.home)
        return [f.reason for f in standing_freezes(read_stops(settings.freeze), own_roster(settings)).values()]


@pytest.fixture
def team(tmp_path):
    return Team(tmp_path)


@pytest.mark.slow
@pytest.mark.requirement("R59")
def test_one_operator_freezes_and_two_persons_thaw(team):
    assert team("thaw", "--reason", "over", person="ben").returncode == 3
    refused = team("freeze", "--reason", "fire", person="ben")
    assert refused.returncode == 1
    assert team("freeze", "--reason", "fire", person="carla").returncode == 0
    assert team.frozen() == ["fire"]
    first = team("thaw", "--reason", "fire is out", person="carla")
    assert "1 more must sign" in first.stdout
    assert "1 more must sign" in team("thaw", person="carla").stdout  # the same person again counts once
    assert team.frozen() == ["fire"]
    assert "a thaw waits for its second signature" in team("status", person="ben").stdout
    second = team("thaw", person="ben")
    assert second.returncode == 0, second.stderr
    assert "over because  fire is out" in second.stdout
    assert "lifted" in second.stdout
    assert team.frozen() == []
    assert team("freeze", "--reason", "again", person="carla").returncode == 0
    assert team.frozen() == ["again"]


def test_a_file_that_cannot_be_read_is_said_and_stops_the_thaw_too(team):
    assert team("freeze", "--reason", "fire", person="carla").returncode == 0
    (team.home / "freeze" / "junk.json").write_text("{")
    done = team("thaw", "--reason", "over", person="ben")
    assert done.returncode == 1
    assert "junk.json" in done.stderr
    assert "junk.json" in team("status", person="ben").stdout


@pytest.mark.requirement("R59")
def test_a_class_is_frozen_and_a_name_that_policy_does_not_know_is_said(team):
    frozen = team("freeze", "--class", "dependency", "--repository", "shpo", "--reason", "advisory", person="carla")
    assert frozen.returncode == 0
    assert "frozen: repository shpo, class dependency" in frozen.stdout
    assert "policy names no repository `shpo`" in frozen.stderr
    settings = load_settings(team.home)
    (freeze,) = standing_freezes(read_stops(settings.freeze), own_roster(settings)).values()
    assert (freeze.scope.change_class, freeze.scope.repository, freeze.scope.agent) == ("dependency", "shpo", None)
    wrong = team("freeze", "--class", "everything", "--reason", "x", person="carla")
    assert wrong.returncode == 2


WINDOW = """
[[window]]
name = "always"
cron = "{cron}"
zone = "{zone}"
minutes = 30
reason = "nobody looks"
"""


@pytest.mark.requirement("R59", "R39")
def test_a_window_of_the_policy_is_checked_and_one_that_is_open_is_said(team):
    source = load_settings(team.home).policies / "policy.toml"
    first = source.read_text()
    source.write_text(first + WINDOW.format(cron="* * * * *", zone="Europe/Berlin"))
    told = team("policy", "check")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[0].endswith("1 freeze window")
    assert "now: the freeze window `always` lasts until" in told.stdout
    for cron, zone, word in (
        ("* * * *", "UTC", "five fields"),
        ("0 99 * * *", "UTC", "hour"),
        ("* * * * *", "Mars/Base", "not known here"),
    ):
        source.write_text(first + WINDOW.format(cron=cron, zone=zone))
        refused = team("policy", "check")
        assert refused.returncode == 2
        assert "MAG-E609" in refused.stderr
        assert word in refused.stderr
    source.write_text(first + WINDOW.format(cron="* * * * *", zone="UTC") + 'repositories = ["nowhere"]\n')
    assert "names no repository of policy: `nowhere`" in team("policy", "check").stderr


@pytest.mark.slow
@pytest.mark.requirement("R59")
def test_what_stands_is_listed_in_every_form_and_a_class_can_be_frozen(team):
    nothing = team("freeze", "list", person="ben")
    assert (nothing.returncode, nothing.stdout) == (4, "")  # the gate is not up, so not everything could be asked
    assert "nothing is frozen" in nothing.stderr
    assert "not known" in nothing.stderr
    assert team("freeze", person="carla").returncode == 2  # a freeze says why
    assert team("freeze", "--class", "secrets", "--reason", "fire", person="carla").returncode == 0
    (row,) = json.loads(team("freeze", "list", "-o", "json", person="ben").stdout)
    assert (row["scope"], row["person"], row["reason"], row["told"]) == ("class secrets", "carla", "fire", "drop")
    assert "secrets" in team("freeze", "list", "-o", "yaml", person="ben").stdout
    assert row["name"] in team("freeze", "list", "-o", "wide", person="ben").stdout
    (team.home / "freeze" / "junk.json").write_text("{")
    assert "junk.json" in team("freeze", "list", person="ben").stdout
