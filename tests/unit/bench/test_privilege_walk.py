"""The walk over real commits: each commit is counted once, with its strictest verdict, failures among them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import privilege_walk

WORKFLOW = ".github/workflows/w.yml"
TEXT = "on: push\npermissions: {contents: %s}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"


def git(place, *words):
    command = ["git", "-C", str(place), "-c", "user.name=a", "-c", "user.email=a@example.com", *words]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q")
    for level in ("read", "write", "read", "read # as before"):
        place = tmp_path / WORKFLOW
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(TEXT.replace("{contents: %s}", f"\n  contents: {level}"))
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-q", "-m", level)
    return tmp_path


@pytest.mark.slow
@pytest.mark.requirement("R28")
def test_each_commit_has_its_strictest_verdict(repository):
    walk = privilege_walk.walk(repository, "workflows", 10, limit=60)
    assert [one.verdict for one in walk.commits] == [privilege_walk.NOTHING, "narrowed", "widened"]
    counted = walk.counted()
    assert (counted["commits"], counted["crashes"], counted["unknown"]["commits"]) == (3, 0, 0)
    assert "3 commits" in privilege_walk.table(counted)


@pytest.mark.slow
@pytest.mark.requirement("R28")
def test_what_fails_or_takes_too_long_is_counted_and_not_left_out(repository, monkeypatch):
    def fails(_request, _assessor):
        raise RuntimeError("broken")

    walk = privilege_walk.walk(repository, "workflows", 10, limit=0.0001)
    assert {one.verdict for one in walk.commits} == {"too long"}
    monkeypatch.setattr(privilege_walk, "privilege_request", fails)
    counted = privilege_walk.walk(repository, "workflows", 10, limit=60).counted()
    assert (counted["commits"], counted["crashes"]) == (3, 3)


@pytest.mark.requirement("R28")
def test_the_interval_of_no_hit_is_no_zero():
    assert privilege_walk.interval(0, 107) == (0.0, 3.5)
    assert privilege_walk.interval(0, 0) == (0.0, 100.0)
