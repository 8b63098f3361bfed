"""`magistrate assess --registries`: an update of a package, with what its registry says of it (AS-11)."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from world.assessing import commit, git
from world.judging import judged_inside
from world.registry import RegistryWorld, registry

from magistrate.bootstrap import registries as official
from magistrate.entrypoints.cli.assess import command
from magistrate.wire.times import rfc3339

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R23")]
DAY = 86_400


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    place = tmp_path / "repo"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    commit(place, {"requirements.txt": "shop==1.0.0\n"})
    commit(place, {"requirements.txt": "shop==1.1.0\n"})
    return place


def published(world: RegistryWorld, ago: int, *, attested: bool = True) -> None:
    now = int(time.time())
    world.publish("shop", "1.0.0", rfc3339(now - 400 * DAY), attested=True)
    world.publish("shop", "1.1.0", rfc3339(now - ago), attested=attested)


def run(repo: Path, world: RegistryWorld, *more: str) -> Result:
    with judged_inside():
        return CliRunner().invoke(
            command, ["--repo", str(repo), "HEAD~1", "--registry", f"pypi={world.address}", *more]
        )


def test_as11_a_release_of_five_minutes_asks_for_two_and_says_why(repo: Path) -> None:
    with registry() as world:
        published(world, 300)
        done = run(repo, world, "--format", "json", "--fail-on", "two")
        assert done.exit_code == 1, done.output
        why = json.loads(done.output)["files"][0]["proof"]["why"]
        assert "it was released 0 hours before somebody looked, and seven days are asked for" in why


def test_a_release_that_has_been_out_stays_with_one_person_and_says_how_long(repo: Path) -> None:
    with registry() as world:
        published(world, 30 * DAY + 60)
        done = run(repo, world, "--format", "json")
        verdict = json.loads(done.output)
        assert verdict["strictness"] == "one"
        assert "out for 30 days; it does not say who published it" in verdict["files"][0]["proof"]["why"]


def test_lost_provenance_is_held_against_it(repo: Path) -> None:
    with registry() as world:
        published(world, 30 * DAY, attested=False)
        done = run(repo, world)
        assert "releases before it had some" in " ".join(done.output.split()), done.output


def test_a_registry_that_is_down_costs_a_note_and_nothing_else(repo: Path) -> None:
    with registry() as world:
        gone = world.address
    done = CliRunner().invoke(command, ["--repo", str(repo), "HEAD~1", "--registry", f"pypi={gone}"])
    assert done.exit_code == 0, done.output
    assert "not every release could be asked about" in " ".join(done.output.split())
    assert "were not looked at" in " ".join(done.output.split())


def test_nobody_is_asked_unless_it_is_wanted(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with registry() as world:
        published(world, 300)
        monkeypatch.setattr(official, "ADDRESSES", dict.fromkeys(official.ADDRESSES, world.address))
        assert CliRunner().invoke(command, ["--repo", str(repo), "HEAD~1"]).exit_code == 0
        assert world.asked == []
        assert CliRunner().invoke(command, ["--repo", str(repo), "HEAD~1", "--registries"]).exit_code == 0
        assert "/pypi/shop/json" in world.asked


def test_a_history_is_not_asked_about(repo: Path) -> None:
    done = CliRunner().invoke(command, ["--repo", str(repo), "--commits", "HEAD~1..HEAD", "--registries"])
    assert done.exit_code == 2
    assert "asks about one change" in done.output
