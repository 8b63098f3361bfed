"""Small repositories to judge, and `magistrate assess` run on them as a command of this process, judge and all."""

from __future__ import annotations

import subprocess
from pathlib import Path

from click.testing import CliRunner, Result
from world.judging import judged_inside

from magistrate.entrypoints.cli.assess import command

WORKFLOW = "on: push\npermissions:\n  contents: read\njobs:\n  a:\n    runs-on: x\n"


def git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write(repo: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    git(repo, "add", "-A")


def commit(repo: Path, files: dict[str, str]) -> str:
    write(repo, files)
    git(repo, "commit", "-q", "--allow-empty", "-m", "docs: typo")
    return git(repo, "rev-parse", "HEAD")


def small_repository(place: Path) -> Path:
    """A Python file, a page, a workflow."""
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    commit(place, {"a.py": "import os\n\nprint(os)\n", "docs/a.md": "Teh fox.\n", ".github/workflows/ci.yml": WORKFLOW})
    return place


def run(repo: Path, *arguments: str) -> Result:
    with judged_inside():
        return run_behind_walls(repo, *arguments)


def run_behind_walls(repo: Path, *arguments: str) -> Result:
    """As a user runs it, with the judge as a program of its own in its limits."""
    return CliRunner().invoke(command, ["--repo", str(repo), *arguments])
