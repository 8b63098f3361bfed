"""`magistrate assess` on real repositories: one program, no server, no configuration."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from magistrate.entrypoints.cli.assess import command

pytestmark = pytest.mark.slow


def git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(repo: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "docs: typo")
    return git(repo, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    place = tmp_path / "a repo"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    commit(
        place,
        {
            "a.py": "import os\nimport sys\n\nprint(sys.version)\n",
            "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
            "docs/a.md": "Teh fox.\n",
            ".github/workflows/ci.yml": "on: push\npermissions:\n  contents: read\njobs:\n  a:\n    runs-on: x\n",
        },
    )
    return place


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


@pytest.mark.requirement("R21")
def test_a_ruff_fix_is_proven_by_running_ruff_again(repo: Path) -> None:
    commit(repo, {"a.py": "import sys\n\nprint(sys.version)\n"})
    done = run("--repo", str(repo), "HEAD~1", "HEAD", "--format", "json", "--fail-on", "one")
    assert done.exit_code == 0, done.output
    verdict = json.loads(done.output)
    assert verdict["files"][0]["class"] == "lint"
    assert run("--repo", str(repo), "HEAD~1", "HEAD", "--format", "json").output == done.output


@pytest.mark.requirement("R24", "R26")
def test_a_docs_typo_that_widens_a_workflow_is_said_in_plain_words(repo: Path) -> None:
    workflow = (repo / ".github/workflows/ci.yml").read_text().replace("read", "write")
    commit(repo, {"docs/a.md": "The fox.\n", ".github/workflows/ci.yml": workflow})
    done = run("--repo", str(repo), "HEAD~1", "HEAD", "--fail-on", "two")
    assert done.exit_code == 1
    assert "ci.yml:3" in done.output
    assert "contents: read -> write" in done.output


def test_other_forms_and_exit_statuses(repo: Path) -> None:
    commit(repo, {"docs/a.md": "The fox.\n"})
    sarif = json.loads(run("--repo", str(repo), "HEAD~1", "HEAD", "--format", "sarif").output)
    assert sarif["version"] == "2.1.0"
    assert (
        "| `docs/a.md` | 🟢 nobody, docs |" in run("--repo", str(repo), "HEAD~1", "HEAD", "--format", "markdown").output
    )
    assert run("--repo", str(repo), "nowhere", "HEAD").exit_code == 3
    assert run("--repo", str(repo)).exit_code == 2


def test_a_bad_line_continues_and_ends_with_4(tmp_path: Path, repo: Path) -> None:
    sha = commit(repo, {"docs/a.md": "The fox.\n"})
    cases = tmp_path / "cases.jsonl"
    lines = [
        {"id": "one", "files": [{"path": "a.py", "before": "x=1\n", "after": "x = 1\n"}], "context": {"files": {}}},
        {"id": "two", "repo": "owner/none", "sha": sha},
        {"id": "three", "repo": "x/a repo", "sha": sha},
        {"id": "four", "files": []},
    ]
    cases.write_text("{\n" + "".join(json.dumps(line) + "\n" for line in lines))
    done = run("--cases", str(cases), "--repos", str(tmp_path))
    found = [json.loads(line) for line in done.output.splitlines()]
    assert done.exit_code == 4
    assert [f["id"] for f in found] == ["", "one", "two", "three", "four"]
    assert [f["auto_eligible"] for f in found] == [False, True, False, True, False]
    assert (found[0]["line"], found[2]["error"]["code"]) == (1, "MAG-E251")


@pytest.mark.requirement("R25")
@pytest.mark.parametrize(("end", "low"), [("\0", True), ("\n", False)], ids=["binary", "text"])
def test_a_large_file_of_the_base_counts_where_it_may_be_read_as_text(repo: Path, end: str, low: bool) -> None:
    commit(repo, {"logo.ai": "x" * 4_100_000 + end, "b.py": "x=1\n"})
    commit(repo, {"b.py": "x = 1\n"})
    verdict = json.loads(run("--repo", str(repo), "HEAD~1", "HEAD", "--format", "json").output)
    assert verdict["auto_eligible"] is low
    assert ("only the repository" in verdict["files"][0]["proof"]["why"]) is not low
