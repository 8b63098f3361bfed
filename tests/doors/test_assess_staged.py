"""`assess --staged`, and the pre-commit hook that runs it, in real repositories with staged changes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from paths import ROOT
from world.assessing import WORKFLOW, commit, git, run, small_repository, write

pytestmark = pytest.mark.slow


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "a repo")


def hook() -> dict[str, Any]:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    found = {one["id"]: one for one in hooks}["magistrate-assess"]
    assert isinstance(found, dict)
    return found


def test_what_is_staged_is_judged_and_nothing_else(repo: Path) -> None:
    write(repo, {"docs/a.md": "The fox.\n"})
    (repo / "a.py").write_text("import os\n\nprint(os, 1)\n")
    (repo / "untracked.bin").write_bytes(b"\0")
    before = git(repo, "count-objects", "-v"), (repo / ".git/index").read_bytes()
    done = run(repo, "--staged", "--format", "json", "--fail-on", "one")
    verdict = json.loads(done.output)
    assert [file["path"] for file in verdict["files"]] == ["docs/a.md"]
    assert (done.exit_code, verdict["auto_eligible"]) == (0, True)
    assert (git(repo, "count-objects", "-v"), (repo / ".git/index").read_bytes()) == before, "nothing is written"


def test_the_verdict_is_that_of_the_commit_it_becomes(repo: Path) -> None:
    write(repo, {".github/workflows/ci.yml": WORKFLOW.replace("read", "write"), "docs/a.md": "The fox.\n"})
    staged = json.loads(run(repo, "--staged", "--format", "json").output)
    git(repo, "commit", "-q", "-m", "x")
    committed = json.loads(run(repo, "HEAD~1", "--format", "json").output)
    assert {**staged, "id": ""} == {**committed, "id": ""}


def test_a_first_commit_nothing_staged_a_conflict_and_a_bare_repository(repo: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    git(new, "init", "-q", "-b", "main")
    write(new, {"a.md": "The fox is here.\n"})
    assert "a.md" in run(new, "--staged").output
    assert "nothing changes" in run(repo, "--staged").output
    git(repo, "checkout", "-q", "-b", "other")
    commit(repo, {"a.py": "1\n"})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"a.py": "2\n"})
    subprocess.run(["git", "-C", str(repo), "merge", "-q", "other"], check=False, capture_output=True)
    conflict = run(repo, "--staged")
    assert conflict.exit_code == 1
    assert "conflicts of a merge" in conflict.output
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(tmp_path / "bare.git"))
    bare = run(tmp_path / "bare.git", "--staged")
    assert (bare.exit_code, "is bare" in bare.output) == (3, True)
    assert run(repo, "--staged", "HEAD").exit_code == 2


def test_a_linked_work_tree_has_an_index_of_its_own(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", str(linked))
    write(linked, {"docs/a.md": "The fox.\n"})
    assert "docs/a.md" in run(linked, "--staged").output
    assert "nothing changes" in run(repo, "--staged").output


def test_the_index_that_git_names_to_its_hooks_counts(repo: Path) -> None:
    seen = repo / ".git/seen"
    script = repo / ".git/hooks/pre-commit"
    program = shlex.join([sys.executable, "-m", "magistrate.entrypoints.cli.main", "assess", "--staged"])
    script.write_text(f"#!/bin/sh\n{program} --format json > {shlex.quote(str(seen))}\n")
    script.chmod(0o755)
    (repo / "docs/a.md").write_text("The fox.\n")
    write(repo, {"a.py": "import os\n\nprint(os, 1)\n"})
    git(repo, "commit", "-q", "-m", "x", "docs/a.md")
    assert [file["path"] for file in json.loads(seen.read_text())["files"]] == ["docs/a.md"]


@pytest.mark.parametrize(("extra", "status"), [([], 0), (["--fail-on", "two"], 1)], ids=["tells", "blocks"])
def test_the_entry_of_the_hook_tells_and_blocks_only_where_its_arguments_say_so(
    repo: Path, extra: list[str], status: int
) -> None:
    write(repo, {".github/workflows/ci.yml": WORKFLOW.replace("read", "write")})
    program, *arguments = shlex.split(hook()["entry"])
    assert program == "magistrate"
    done = subprocess.run(
        [sys.executable, "-m", "magistrate.entrypoints.cli.main", *arguments, *hook().get("args", []), *extra],
        cwd=repo, capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert "ci.yml:3" in done.stdout


def test_the_hook_has_the_fields_that_pre_commit_knows() -> None:
    found = hook()
    known = {
        "id", "name", "description", "entry", "language", "pass_filenames", "always_run", "verbose", "args", "stages",
        "minimum_pre_commit_version", "require_serial",
    }  # fmt: skip
    assert set(found) <= known
    assert found["pass_filenames"] is False
    assert found["always_run"] is True, "a commit that only deletes files is judged too"
    assert found["verbose"] is True, "what it tells is seen although it passes"
    assert found["language"] == "python"
