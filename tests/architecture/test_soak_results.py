"""Results are of the source that is there; an interrupted soak run goes on; a failed case is kept and plays again."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys

import pytest
from paths import PYTHON, ROOT
from soak.subject import Subject, chances

sys.path.insert(0, str(ROOT / "tools"))
from soak_results import verdict_on

NEEDED = (
    "tools/soak_runs.py", "tools/soak_results.py", "tools/freshness.py", "bench/measured.py", "tests/clean.py",
    "tests/soak/subject.py",
)  # fmt: skip
TOY = """
import contextlib, os
from pathlib import Path
from soak.subject import Subject

HERE = Path(__file__).parent

@contextlib.contextmanager
def rig(folder):
    def trial(rng):
        number = rng.randrange(10**6)
        with (HERE / "ran").open("a") as ran:
            ran.write(f"{number}\\n")
        print("a word that is no result")
        if number == {raises}:
            raise AssertionError("it does not hold")
        if number == {dies}:
            os._exit(7)
        return "even" if number % 2 == 0 else "odd"
    yield trial

SUBJECTS = (
    Subject(name="toy", requirement="R1", says="s", measures=("src/*.py",), shards=2, cases=4, rig=rig, must_see=({see!r},)),
)
"""


class Project:
    """A project of nothing but the soak tools and one subject of two shards with four cases each."""

    def __init__(self, folder):
        self.folder = folder
        for name in NEEDED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        (folder / "src").mkdir()
        (folder / "src/a.py").write_text("a = 1\n")
        self.toy()

    def toy(self, *, raises=-1, dies=-1, see="odd"):
        (self.folder / "tests/soak/subjects.py").write_text(
            TOY.replace("{raises}", str(raises)).replace("{dies}", str(dies)).replace("{see!r}", repr(see))
        )

    def __call__(self, *arguments):
        return subprocess.run(
            [PYTHON, "tools/soak_runs.py", *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip

    @property
    def place(self):
        return self.folder / "docs/results/soak-toy.json"

    def result(self):
        return json.loads(self.place.read_text())

    def ran(self):
        """The numbers that the cases drew, in the order in which they ran."""
        return [int(line) for line in (self.folder / "tests/soak/ran").read_text().split()]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_every_result_is_of_the_source_that_is_there():
    done = subprocess.run(
        [PYTHON, "tools/soak_runs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_result_is_stale_as_soon_as_the_source_it_measured_changes(project):
    done = project("--check")
    assert (done.returncode, done.stdout) == (
        1, 'soak-toy.json does not exist (R1); run: make soak ARGS="toy"\n'
    )  # fmt: skip
    assert project("toy").returncode == 0
    assert project("--check").returncode == 0
    found = project.result()
    assert found["cases"] == 8
    assert found["failures"] == []
    assert sum(found["seen"].values()) == 8
    assert {"date", "machine", "seconds", "seed", "sources", "requirement", "measures"} <= set(found)
    (project.folder / "src/a.py").write_text("a = 2\n")
    done = project("--check")
    assert (done.returncode, done.stdout) == (
        1, 'soak-toy.json measured other code than there is now; run: make soak ARGS="toy"\n'
    )  # fmt: skip


def test_an_empty_cell_fails():
    subject = Subject(
        name="toy", requirement="R1", says="s", measures=("src/*.py",), shards=1, cases=2, rig=lambda _: contextlib.nullcontext(str),
        cells=("a, before", "a, after"),
    )  # fmt: skip
    result = {"cases": 2, "shards": [{}], "failures": [], "seen": {"a, before: well": 2}}
    assert verdict_on(subject, result) == ["the cell `a, after` is empty"]
    assert verdict_on(subject, {**result, "seen": {"a, before: well": 1, "a, after: ill": 1}}) == []
    drawn = chances("toy", 3, 7)
    assert (drawn.shard, drawn.case) == (3, 7)


def test_an_interrupted_run_goes_on_and_a_shard_of_other_source_has_not_run(project):
    assert project().returncode == 0
    first = project.ran()
    assert len(first) == 8
    assert project().returncode == 0
    assert project.ran() == first, "what has run is not run again"
    found = project.result()
    del found["shards"][1]
    found["cases"] = 4
    project.place.write_text(json.dumps(found))
    assert '4 of 8 cases have run; run: make soak ARGS="toy"' in project("--check").stdout
    done = project()
    assert done.returncode == 0
    assert re.search(r"toy: 8 of 8 cases, 0 failed, about \d+ s left", done.stdout)
    assert project.ran() == [*first, *first[4:]]
    (project.folder / "src/a.py").write_text("a = 3\n")
    assert project().returncode == 0
    assert len(project.ran()) == 20
    assert project("--check").returncode == 0


@pytest.mark.parametrize("how", ["raises", "dies"])
def test_a_failed_case_is_kept_and_plays_again(project, how):
    assert project().returncode == 0
    third = project.ran()[2]
    project.toy(**{how: third})
    done = project("--again", "toy")
    assert done.returncode == 1
    assert '--replay 0:2 toy"' in done.stdout
    (failure,) = project.result()["failures"]
    assert (failure["shard"], failure["case"]) == (0, 2)
    assert ("it does not hold" if how == "raises" else "the process ended with 7") in failure["why"]
    assert sorted(project.ran()) == sorted(project.ran()[:8] * 2), "the rest of the shard has run"
    assert 'soak-toy.json: 1 cases failed; run: make soak ARGS="toy"' in project("--check").stdout
    again = project("--replay", "0:2", "toy")
    assert again.returncode == (1 if how == "raises" else 7)
    assert project.ran()[-1] == third


def test_a_run_that_saw_too_little_proves_nothing(project):
    project.toy(see="never")
    done = project()
    assert done.returncode == 1
    assert "no case ended as `never`" in done.stdout


def test_a_result_without_a_subject_and_a_stale_benchmark_are_named(project):
    assert project().returncode == 0
    shutil.copy(project.place, project.place.with_name("soak-gone.json"))
    bench = {"bench_a": {"measures": ["src/*.py"], "sources": project.result()["sources"]}, "bench_b": {"n": 1}}
    (project.place.parent / "bench.json").write_text(json.dumps(bench))
    done = project("--check")
    assert done.stdout.splitlines() == [
        "soak-gone.json belongs to no subject of tests/soak/subjects.py; run: git rm docs/results/soak-gone.json"
    ]
    (project.folder / "src/a.py").write_text("a = 2\n")
    assert 'bench.json: `bench_a` measured other code than there is now; run: make bench ARGS="bench_a"' in (
        project("--check").stdout
    )


def test_an_older_result_is_told_with_its_reason_and_the_list_of_them_empties_itself(project):
    assert project("--jobs", "1").returncode == 0
    older = project.place.with_name("older.toml")
    older.write_text('[older]\n"soak-toy.json" = "there was no time"\n')
    fresh = project("--check")
    assert fresh.returncode == 1
    assert "soak-toy.json is told as older in older.toml and is not" in fresh.stdout
    (project.folder / "src/a.py").write_text("a = 2\n")
    told = project("--check")
    assert (told.returncode, told.stdout) == (0, "soak-toy.json is of older source: there was no time\n")
    older.unlink()
    assert project("--check").returncode == 1


def test_a_failed_result_cannot_be_told_as_older(project):
    project.toy(see="never")
    assert project("--jobs", "1").returncode == 1
    project.place.with_name("older.toml").write_text('[older]\n"soak-toy.json" = "there was no time"\n')
    assert project("--check").returncode == 1
