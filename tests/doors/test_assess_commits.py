"""`magistrate assess --commits`: a verdict for each commit of a history, for people, for pipes, for programs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from paths import MAGISTRATE
from world.assessing import WORKFLOW, commit, git, run, small_repository

pytestmark = pytest.mark.slow
HOSTILE = "fix \x1b[31m\u202e evil"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = small_repository(tmp_path_factory.mktemp("history") / "a repo")
    git(made, "tag", "start")
    commit(made, {"a.py": "x  =  1\n"})
    commit(made, {"a.py": "x = 1\n"})
    commit(made, {".github/workflows/ci.yml": WORKFLOW.replace("read", "write")})
    git(made, "commit", "-q", "--amend", "-m", HOSTILE)
    return made


def test_a_pipe_gets_one_line_a_commit_newest_first_and_no_hidden_character(repo: Path) -> None:
    done = run(repo, "--commits", "start..HEAD")
    assert done.exit_code == 0
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [len(line) for line in lines] == [4, 4, 4]
    assert lines[0][1] == "two"
    assert "ci_cd" in lines[0][2]
    assert lines[1][1:3] == ["auto", "formatting"]
    assert not any(hidden in done.stdout for hidden in ("\x1b", "\u202e"))
    assert "3 commits ask for: nobody 1" in done.stderr


def test_programs_get_the_verdicts_that_single_calls_give(repo: Path) -> None:
    done = run(repo, "--commits", "start..HEAD", "--format", "json")
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    for verdict in verdicts:
        single = json.loads(run(repo, f"{verdict['id']}~1", verdict["id"], "--format", "json").stdout)
        assert {**single, "id": ""} == {**verdict, "id": ""}


def test_a_person_sees_a_table_that_fits_the_screen(repo: Path) -> None:
    master, slave = pty.openpty()
    words = [str(MAGISTRATE), "assess", "--repo", str(repo), "--commits", "start..HEAD"]
    done = subprocess.Popen(words, stdout=slave, stderr=slave, env={**os.environ, "COLUMNS": "90", "NO_COLOR": "1"})
    os.close(slave)
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    assert done.wait() == 0
    lines = seen.decode().splitlines()
    assert max(map(len, lines)) <= 90
    assert lines[-1].startswith("3 commits ask for: nobody 1 (33%)")
    assert "<U+202E>" in lines[0] or "…" in lines[0]
    assert "\x1b" not in seen.decode()


def test_its_status_says_the_strictest_and_quiet_says_nothing_else(repo: Path) -> None:
    assert run(repo, "--commits", "start..HEAD", "--fail-on", "two", "--quiet").exit_code == 1
    quiet = run(repo, "--commits", "start..HEAD~1", "--quiet")
    assert (quiet.exit_code, quiet.stdout) == (0, "")


def test_what_cannot_be_a_history_is_told(repo: Path) -> None:
    assert "is not a range" in run(repo, "--commits", "a...b").stderr
    assert run(repo, "--commits", "nowhere..HEAD").exit_code == 3
    empty = run(repo, "--commits", "HEAD..HEAD")
    assert empty.exit_code == 3
    assert "no commit with a parent" in empty.stderr
    assert "text or as JSON" in run(repo, "--commits", "start..HEAD", "--format", "sarif").stderr
