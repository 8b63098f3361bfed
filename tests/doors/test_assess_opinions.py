"""`magistrate assess --opinions`: zizmor itself, behind the walls, beside the verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from world.assessing import commit, git
from world.judging import judged_inside

from magistrate.bootstrap.tools import found_tools
from magistrate.entrypoints.cli.assess import command

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R23")]
FLOW = ".github/workflows/a.yml"
SAFE = "name: a\non: issue_comment\npermissions: {}\njobs:\n  x:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo hello\n"
UNSAFE = SAFE.replace("echo hello", 'echo "${{ github.event.comment.body }}"')
MUTED = UNSAFE.replace('body }}"', 'body }}" # zizmor: ignore[template-injection]')


def changed(place: Path, before: str, after: str) -> Path:
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    commit(place, {FLOW: before})
    commit(place, {FLOW: after})
    return place


def run(repo: Path, *more: str) -> Result:
    with judged_inside():
        return CliRunner().invoke(command, ["--repo", str(repo), "HEAD~1", *more])


def test_the_locked_zizmor_is_the_one_that_is_found() -> None:
    assert found_tools()["zizmor"].start == (str(Path(sys.executable).with_name("zizmor")),)


@pytest.mark.parametrize("after", [UNSAFE, MUTED], ids=["plain", "silenced by a comment"])
def test_a_new_injection_is_in_every_form(tmp_path: Path, after: str) -> None:
    repo = changed(tmp_path / "repo", SAFE, after)
    said = json.loads(run(repo, "--opinions", "--format", "json").output)
    injected = [one for one in said["opinions"]["new"] if one["rule"] == "template-injection"]
    assert [(one["path"], one["line"], one["severity"]) for one in injected] == [(FLOW, 8, "high")]
    assert said["opinions"]["strictness"] == "two"
    assert said["opinions"]["tools"][0]["digest"].startswith("sha256:")
    text = " ".join(run(repo, "--opinions").output.split())
    assert "second opinion: zizmor template-injection at line 8 (high)" in text
    words = run(repo, "--opinions", "--format", "markdown").output.replace("`", "")
    assert "second opinion: zizmor template-injection at line 8 (high)" in words
    sarif = json.loads(run(repo, "--opinions", "--format", "sarif").output)["runs"][0]
    found = [one for one in sarif["results"] if one["ruleId"] == "MAG4001" and "template-injection" in str(one)]
    assert [one["level"] for one in found] == ["warning"]
    assert sarif["properties"]["strictnessWithOpinions"] == "two"


def test_the_verdict_is_the_same_with_and_without(tmp_path: Path) -> None:
    repo = changed(tmp_path / "repo", SAFE, UNSAFE)
    beside = json.loads(run(repo, "--opinions", "--format", "json").output)
    assert beside.pop("opinions")["new"]
    assert beside == json.loads(run(repo, "--format", "json").output)


def test_what_stays_as_it_was_is_not_told_again(tmp_path: Path) -> None:
    moved = UNSAFE.replace("    steps:\n", "    steps:\n      - run: echo before\n")
    repo = changed(tmp_path / "repo", UNSAFE, moved)
    said = json.loads(run(repo, "--opinions", "--format", "json").output)["opinions"]
    assert (said["new"], said["notes"]) == ([], [])


def test_a_workflow_that_cannot_be_parsed_is_said(tmp_path: Path) -> None:
    repo = changed(tmp_path / "repo", SAFE, "on: [\n")
    done = run(repo, "--opinions")
    assert f"no second opinion: `zizmor` gave no answer that can be read for {FLOW}" in " ".join(done.output.split())


def test_markdown_counts_the_notes_that_it_leaves_out(tmp_path: Path) -> None:
    repo = changed(tmp_path / "repo", SAFE, UNSAFE)
    commit(repo, {f".github/workflows/b{number}.yml": "on: [\n" for number in range(5)})
    said = run(repo, "--opinions", "--format", "markdown").output.replace("`", "")
    assert said.count("no second opinion:") == 3
    assert "> and 2 more notes" in said


def test_many_changes_at_once_are_refused(tmp_path: Path) -> None:
    repo = changed(tmp_path / "repo", SAFE, UNSAFE)
    done = CliRunner().invoke(command, ["--repo", str(repo), "--commits", "HEAD~1..HEAD", "--opinions"])
    assert done.exit_code == 2
