"""`magistrate privilege diff`: two files or two folders, with no server and no home."""

from __future__ import annotations

import json
import subprocess

import pytest
from world import warm

pytestmark = pytest.mark.requirement("R28")
NARROW = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
WIDE = NARROW.replace("s3:GetObject", "s3:*")
WORKFLOW = (
    "on: push\npermissions:\n  contents: read\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return warm.run(["privilege", "diff", *map(str, arguments)], timeout=120)


def files(folder, **texts):
    for name, text in texts.items():
        place = folder / name.replace("__", "/").replace("_json", ".json").replace("_yml", ".yml")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


@pytest.mark.slow
def test_two_files_and_the_request_that_shows_it(tmp_path):
    old, new = files(tmp_path / "a", p_json=NARROW) / "p.json", files(tmp_path / "b", p_json=WIDE) / "p.json"
    done = run(old, new)
    assert done.returncode == 0, done.stderr
    assert "1 widened" in done.stdout
    assert "gains s3:* on *" in done.stdout
    assert "denied before, allowed after" in " ".join(done.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize(("fail_on", "status"), [(None, 0), ("widened", 1), ("unknown", 1)])
def test_the_exit_status_for_ci(tmp_path, fail_on, status):
    old, new = files(tmp_path / "a", p_json=NARROW) / "p.json", files(tmp_path / "b", p_json=WIDE) / "p.json"
    assert run(old, new, *(["--fail-on", fail_on] if fail_on else [])).returncode == status


@pytest.mark.slow
def test_what_is_unknown_fails_only_where_that_is_asked(tmp_path):
    odd = NARROW.replace('"Resource"', '"Unless": 1, "Resource"')
    old, new = files(tmp_path / "a", p_json=NARROW) / "p.json", files(tmp_path / "b", p_json=odd) / "p.json"
    assert run(old, new, "--fail-on", "unknown").returncode == 1
    assert "unknown" in run(old, new).stdout


@pytest.mark.slow
def test_folders_are_compared_as_wholes_and_tables_pipe(tmp_path):
    name = "_github__workflows__ci_yml".replace("_github", ".github", 1)
    old = files(tmp_path / "a", **{name: WORKFLOW, "p_json": NARROW})
    new = files(tmp_path / "b", **{name: WORKFLOW.replace("contents: read", "contents: write"), "p_json": NARROW})
    done = run(old, new, "-o", "table")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows
    assert all(len(row) == 4 for row in rows)
    assert any(row[0] in {"widened", "incomparable"} and ".github/workflows/ci.yml" in row[3] for row in rows)
    told = json.loads(run(old, new, "-o", "json").stdout)
    assert len(told["privilege"]) == len(rows)


def test_nothing_moves(tmp_path):
    old, new = files(tmp_path / "a", p_json=NARROW), files(tmp_path / "b", p_json=NARROW)
    done = run(old, new, "--fail-on", "unknown")
    assert (done.returncode, done.stdout) == (
        0,
        "nobody's power moves, as far as these files hold rights that are read\n",
    )


def test_bad_input_is_told_and_changes_nothing(tmp_path):
    old = files(tmp_path / "a", p_json=NARROW)
    missing = run(old, tmp_path / "nowhere")
    assert missing.returncode == 3
    assert "MAG-E251" in missing.stderr
    mixed = run(old, old / "p.json")
    assert mixed.returncode == 2
    assert "MAG-E250" in mixed.stderr


def test_a_hostile_file_costs_only_its_answer(tmp_path):
    deep = "[" * 50_000 + "]" * 50_000
    old = files(tmp_path / "a", p_json=NARROW, deep_json="{}")
    new = files(tmp_path / "b", p_json=WIDE, deep_json=deep)
    done = run(old, new, "--fail-on", "widened")
    assert done.returncode == 1, done.stderr
    assert "s3:* on *" in done.stdout
