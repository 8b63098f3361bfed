"""The GitHub Action: its shape, and each of its scripts run for real by bash in real repositories, hostile names included."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from paths import MAGISTRATE, ROOT
from world.assessing import WORKFLOW, commit, git, small_repository

ACTION = ROOT / "action.yml"
EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
HOSTILE = 'x";touch${IFS}pwned;$(touch${IFS}pwned)`touch${IFS}pwned`#'
"""A name that git accepts for a branch and that a careless script would run."""


def action() -> dict[str, Any]:
    found = yaml.safe_load(ACTION.read_text())
    assert isinstance(found, dict)
    return found


def steps() -> dict[str, dict[str, Any]]:
    return {step["id"]: step for step in action()["runs"]["steps"]}


@dataclass
class Ran:
    """What one step left behind."""

    status: int
    log: str
    summary: str
    outputs: dict[str, str]


@dataclass
class Runner:
    """As much of a runner as composite steps see: bash, files for outputs and summary, a workspace."""

    workspace: Path
    temp: Path

    def run(self, name: str, **env: str) -> Ran:
        step = steps()[name]
        unset = dict.fromkeys(step.get("env", {}), "")
        output, summary = self.temp / f"{name}.output", self.temp / f"{name}.summary"
        output.write_text("")
        summary.write_text("")
        script = self.temp / f"{name}.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace, capture_output=True, text=True, check=False,
            env={
                **os.environ, **unset, **env,
                "PATH": f"{self.temp / 'bin'}:{MAGISTRATE.parent}:{os.environ['PATH']}",
                "RUNNER_TEMP": str(self.temp), "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTION_PATH": str(ROOT),
            },
        )  # fmt: skip
        lines = [line.partition("=") for line in output.read_text().splitlines()]
        outputs = {key: value for key, _, value in lines}
        return Ran(done.returncode, done.stdout + done.stderr, summary.read_text(), outputs)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "origin")


def runner(origin: Path, *clone: str) -> Runner:
    place = origin.parent
    git(place, "clone", "-q", *clone, f"file://{origin}", str(place / "workspace"))
    (place / "temp/bin").mkdir(parents=True)
    program = place / "temp/bin/magistrate"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m magistrate.entrypoints.cli.main "$@"\n')
    program.chmod(0o755)
    return Runner(workspace=place / "workspace", temp=place / "temp")


def test_it_has_the_shape_of_a_composite_action() -> None:
    """Fields as GitHub's metadata syntax for actions names them."""
    found = action()
    assert set(found) == {"name", "description", "author", "branding", "inputs", "outputs", "runs"}
    assert all(set(one) == {"description", "default"} for one in found["inputs"].values())
    assert all(isinstance(one["default"], str) for one in found["inputs"].values())
    assert all(set(one) == {"description", "value"} for one in found["outputs"].values())
    assert found["runs"]["using"] == "composite"
    for step in found["runs"]["steps"]:
        assert set(step) <= {"id", "name", "if", "shell", "env", "run"}, "no step uses another action"
        assert step["shell"] == "bash"
    for output in found["outputs"].values():
        name = re.fullmatch(r"\$\{\{ steps\.judge\.outputs\.([a-z-]+) \}\}", output["value"])
        assert name is not None
        assert f'echo "{name[1]}=' in steps()["judge"]["run"]
    used = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text()))
    assert used == set(found["inputs"])
    assert found["inputs"]["comment"]["default"] == "false"


def test_no_script_holds_an_expression_and_each_value_comes_by_the_environment() -> None:
    for step in steps().values():
        assert not EXPRESSION.search(step["run"]), "an expression inside a script is an injection"
        for name, value in step.get("env", {}).items():
            assert re.fullmatch(r"\$\{\{ [a-z_.-]+ \}\}", value), (name, value)
            assert f"${name}" in step["run"] or f"${{{name}" in step["run"] or name.startswith("GH_")
    with_token = [name for name, step in steps().items() if "github-token" in str(step.get("env"))]
    assert with_token == ["comment"]


def test_what_is_installed_is_locked_by_hash() -> None:
    script = steps()["install"]["run"]
    assert "--require-hashes" in script
    assert 'uv" sync --quiet --frozen' in script
    assert re.findall(r"--hash=sha256:[0-9a-f]{64}", (ROOT / "tools/uv.txt").read_text())


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    program = shutil.which("shellcheck") or os.environ.get("SHELLCHECK")
    if program is None:
        pytest.skip("shellcheck is not here")
    for name, step in steps().items():
        script = tmp_path / f"{name}.sh"
        script.write_text("#!/bin/bash\n" + step["run"])
        done = subprocess.run([program, str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_pull_request_is_judged_by_what_its_merge_changes(origin: Path) -> None:
    git(origin, "checkout", "-q", "-b", HOSTILE)
    commit(origin, {".github/workflows/ci.yml": WORKFLOW.replace("read", "write")})
    git(origin, "checkout", "-q", "main")
    base = commit(origin, {"a.py": "import os\n\nprint(os, 1)\n"})
    git(origin, "merge", "-q", "--no-ff", "-m", "merge", HOSTILE)
    at = runner(origin, "--depth=1")
    ran = at.run("judge", EVENT="pull_request", PULL_BASE=base, SARIF="out/a b.sarif")
    assert ran.status == 0, ran.log
    assert (ran.outputs["strictness"], ran.outputs["auto-eligible"], ran.outputs["status"]) == ("two", "false", "0")
    assert "ci.yml" in ran.summary
    assert "a.py" not in ran.summary, "what others merged before is not part of it"
    assert json.loads(Path(ran.outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert ran.outputs["sarif"] == str(at.workspace / "out/a b.sarif")
    assert at.run("answer", STATUS=ran.outputs["status"]).status == 0


@pytest.mark.slow
def test_a_checked_out_head_is_judged_from_the_common_ancestor(origin: Path) -> None:
    git(origin, "checkout", "-q", "-b", "topic")
    commit(origin, {"docs/a.md": "The fox.\n"})
    git(origin, "checkout", "-q", "main")
    base = commit(origin, {"a.py": "import os\n\nprint(os, 1)\n"})
    ran = runner(origin, "--depth=1", "--branch=topic").run("judge", EVENT="pull_request", PULL_BASE=base)
    assert ran.status == 0, ran.log
    assert (ran.outputs["strictness"], ran.outputs["auto-eligible"]) == ("auto", "true")


@pytest.mark.slow
def test_a_push_is_judged_from_where_it_began_and_fails_where_it_shall(origin: Path) -> None:
    before = git(origin, "rev-parse", "HEAD")
    commit(origin, {"a.py": "import os\n\nprint(os, 1)\n"})
    commit(origin, {"docs/a.md": "The fox.\n"})
    at = runner(origin, "--depth=1")
    ran = at.run("judge", EVENT="push", PUSH_BEFORE=before, FAIL_ON="one")
    assert ran.status == 0, ran.log
    assert (ran.outputs["strictness"], ran.outputs["status"]) == ("one", "1")
    assert at.run("answer", STATUS=ran.outputs["status"]).status == 1
    assert at.run("answer").status == 4, "no verdict is no yes"
    new = at.run("judge", EVENT="push", PUSH_BEFORE="0" * 40)
    assert (new.status, new.outputs) == (2, {})
    assert "name it with the input base" in new.log


@pytest.mark.slow
@pytest.mark.parametrize("head", ["", HOSTILE], ids=["checked out", "by name"])
def test_a_hostile_branch_name_runs_nothing(origin: Path, head: str) -> None:
    git(origin, "checkout", "-q", "-b", HOSTILE)
    commit(origin, {"docs/a.md": "The fox.\n"})
    git(origin, "checkout", "-q", "main")
    at = runner(origin, f"--branch={HOSTILE}")
    ran = at.run("judge", EVENT="workflow_dispatch", BASE="main", HEAD=head)
    assert ran.status == 0, ran.log
    assert ran.outputs["strictness"] == "auto"
    hostile_base = at.run("judge", EVENT="workflow_dispatch", BASE=HOSTILE, HEAD="origin/main")
    assert hostile_base.status == 0, hostile_base.log
    assert not list(origin.parent.rglob("pwned*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE", "--upload-pack=touch pwned"), ("BASE", "main:refs/heads/main"), ("BASE", "+main"), ("BASE", "nowhere"),
        ("HEAD", "--help"), ("SARIF", "../../out.sarif"), ("SARIF", "/tmp/out.sarif"), ("SARIF", "a\nstrictness=auto"),
        ("FAIL_ON", "one --repo=/"),
    ],
)  # fmt: skip
def test_odd_inputs_end_with_an_error_and_no_verdict(origin: Path, name: str, value: str) -> None:
    commit(origin, {"a.py": "import os\n\nprint(os, 1)\n"})
    at = runner(origin)
    ran = at.run("judge", **{"EVENT": "push", "BASE": "HEAD~1", name: value})
    assert ran.status == 2, ran.log
    assert "strictness" not in ran.outputs
    assert git(at.workspace, "for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"
    assert not list(origin.parent.rglob("pwned*"))
    assert not (origin.parent / "out.sarif").exists()
