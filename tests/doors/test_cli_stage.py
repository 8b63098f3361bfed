"""`magistrate stage`, `remediate --deploy` and `drill --environment` as a user meets them; what is refused leaves everything as it was."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from world import warm
from world.casework import git

pytestmark = pytest.mark.requirement("R5", "R82")
GOOD = ("live", "--repository", "shop", "--environment", "live")


def run(*words: object, home: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return warm.run([*map(str, words), "--home", str(home)], env={**os.environ, **(env or {})}, timeout=60)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A solo home with the repository `shop` and the environment `live`."""
    shop, made = tmp_path / "shop", tmp_path / "home"
    shop.mkdir()
    git("init", "-q", "-b", "main", ".", cwd=shop)
    (shop / "a.py").write_text("A = 1\n")
    git("add", ".", cwd=shop)
    git("commit", "-q", "-m", "first", cwd=shop)
    env = {"HOME": str(tmp_path)}
    assert run("init", "--solo", "--name", "anna", home=made, env=env).returncode == 0
    assert run("repository", "add", shop, home=made, env=env).returncode == 0
    assert run("environment", "add", "live", home=made, env=env).returncode == 0
    return made


def bare(home: Path) -> Path:
    return home / "gate" / "repositories" / "shop.git"


@pytest.mark.slow
def test_a_stage_begins_with_what_runs_and_is_part_of_a_signed_policy(home: Path) -> None:
    empty = run("stage", "list", home=home)
    assert (empty.returncode, "no stage yet" in empty.stdout + empty.stderr) == (0, True)
    assert json.loads(run("stage", "list", "-o", "json", home=home).stdout) == []
    done = run(
        "stage",
        "add",
        *GOOD,
        "--probe",
        "http://127.0.0.1:1/v",
        "--contains",
        'runs "{source}"',
        "--soak",
        "5",
        home=home,
    )
    assert done.returncode == 0, done.stderr
    assert "signed and active" in done.stdout
    tip = git("rev-parse", "refs/heads/stages/live^{tree}", cwd=bare(home))
    assert tip == git("rev-parse", "main^{tree}", cwd=bare(home))
    assert len(git("rev-list", "refs/heads/stages/live", cwd=bare(home)).split()) == 1
    (row,) = json.loads(run("stage", "list", "-o", "json", home=home).stdout)
    assert (row["stage"], row["environment"], row["soak_seconds"]) == ("live", "live", 5)
    assert row["verified_live"] == ["http://127.0.0.1:1/v"]
    assert run("policy", "check", home=home).returncode == 0
    again = run("stage", "add", *GOOD, home=home)
    assert (again.returncode, "MAG-E600" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("two", "--repository", "nope", "--environment", "live"), "MAG-E606"),
        (("two", "--repository", "shop", "--environment", "nowhere"), "MAG-E609"),
        (("Two", "--repository", "shop", "--environment", "live"), "MAG-E601"),
        (("two", "--repository", "shop", "--environment", "live", "--runs", "deadbeef"), "MAG-E606"),
        (("two", "--repository", "shop", "--environment", "live", "--runs", "--output=x"), "MAG-E606"),
        (("two", "--repository", "shop", "--environment", "live", "--probe", "http://x/\n[[stage]]"), "MAG-E601"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_policy_and_repository_as_they_were(
    home: Path, words: tuple[str, ...], code: str
) -> None:
    source = home / "policies" / "default" / "policy.toml"
    before, refs = source.read_bytes(), git("for-each-ref", cwd=bare(home))
    done = run("stage", "add", *words, home=home)
    assert (done.returncode != 0, code in done.stderr) == (True, True), done.stderr
    assert (source.read_bytes(), git("for-each-ref", cwd=bare(home))) == (before, refs)


def test_the_history_of_an_earlier_stage_is_kept(home: Path) -> None:
    source = home / "policies" / "default" / "policy.toml"
    before = source.read_text()
    assert run("stage", "add", *GOOD, home=home).returncode == 0
    source.write_text(before)
    refs = git("for-each-ref", cwd=bare(home))
    again = run("stage", "add", *GOOD, home=home)
    assert (again.returncode, "earlier stage" in again.stderr) == (2, True), again.stderr
    assert (git("for-each-ref", cwd=bare(home)), source.read_text()) == (refs, before)


def test_only_what_the_guarded_branch_holds_can_be_said_to_run(home: Path) -> None:
    aside = git("commit-tree", "main^{tree}", "-m", "beside the branch", cwd=bare(home)).strip()
    done = run("stage", "add", *GOOD, "--runs", aside, home=home)
    assert (done.returncode, "MAG-E606" in done.stderr) == (3, True), done.stderr


def test_a_stage_in_policy_toml_that_cannot_be_one_is_named(home: Path) -> None:
    source = home / "policies" / "default" / "policy.toml"
    source.write_text(source.read_text() + '\n[[stage]]\nname = "a.b"\nrepository = "shop"\nenvironment = "live"\n')
    done = run("policy", "check", home=home)
    assert (done.returncode, "MAG-E609" in done.stderr, "a.b" in done.stderr) == (2, True, True), done.stderr


def test_a_release_and_a_deployment_are_two_proposals(home: Path) -> None:
    both = run("remediate", "fnd-x", "--release", "patch", "--deploy", "live", home=home)
    every = run("remediate", "--all", "--deploy", "live", home=home)
    assert (both.returncode, every.returncode) == (2, 2)
    assert "two proposals" in both.stderr
    assert "one FINDING" in every.stderr


def test_only_an_environment_that_the_repository_goes_to_is_drilled(home: Path) -> None:
    done = run("drill", "shop", "--environment", "elsewhere", home=home)
    assert (done.returncode, "it goes to: staging" in done.stderr) == (3, True), done.stderr
