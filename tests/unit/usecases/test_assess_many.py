"""Many changes judged together: the same bytes as one by one, and one that breaks costs only itself."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paths import MAGISTRATE
from world.casework import git
from world.judging import JudgeInside

from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.errors import MagistrateError, NotFound, Unavailable, Usage
from magistrate.ports import SandboxLevel, SandboxResult
from magistrate.usecases.assess import Assessed, Assessor
from magistrate.usecases.assess_many import CHUNK, Change, ManyChanges, changes_of
from magistrate.usecases.evidence import program
from magistrate.usecases.judging import Answer, Judge, judge_argv

STEPS: tuple[dict[str, str | None], ...] = (
    {"README.md": "# Shop\n\nThis servise sells.\n", "app.py": "x = 1\n", "notes.md": "# Notes\n\nSome words.\n"},
    {"README.md": "# Shop\n\nThis service sells.\n"},
    {"app.py": "x  =  1\n"},
    {"app.py": "x = 1\n"},
    {"app.py": "import os\n\nx = 1\n", "reader.py": 'open("README.md")\n'},
    {"README.md": "# Shop\n\nThis service sells .\n"},
    {"notes.md": "# Notes\n\nSome  words.\n"},
    {"notes.md": None},
    {".github/workflows/ci.yml": "on: push\npermissions: write-all\n"},
    {"a\nb": "not a path that may be written\n"},
    {"app.py": "y = 2\n"},
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> RepositoryReader:
    folder = tmp_path_factory.mktemp("many")
    git("init", "-q", "-b", "main", ".", cwd=folder)
    for number, step in enumerate(STEPS):
        for path, text in step.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            if text is not None:
                place.write_text(text)
        git("add", "-A", ".", cwd=folder)
        git("commit", "-q", "-m", f"step {number}", cwd=folder)
    return RepositoryReader(folder / ".git")


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return Assessor(sandbox=open_sandbox(), tools={"ruff": program(MAGISTRATE.with_name("ruff"))})


@pytest.fixture(scope="module")
def alone(assessor: Assessor) -> Assessor:
    """For what is asked one by one: no new interpreter each time (see the test of `JudgeInside` below)."""
    return replace(assessor, sandbox=JudgeInside())


def seen(verdict: Assessed | MagistrateError) -> object:
    return (verdict.code, verdict.message) if isinstance(verdict, MagistrateError) else verdict.verdict


def one_by_one(assessor: Assessor, git_: RepositoryReader, change: Change) -> object:
    try:
        found = assessor.of_trees(git_, change.base_tree, change.result_tree, commit=change.commit, name=change.name)
        return seen(found)
    except MagistrateError as error:
        return seen(error)


@pytest.mark.slow
@pytest.mark.requirement("R25", "R26")
def test_together_gives_the_same_bytes_as_one_by_one(repository, assessor, alone):
    changes = [change for change, _ in changes_of(repository, "HEAD", 100)]
    assert len(changes) == len(STEPS) - 1
    together = [(change, seen(v)) for change, v in ManyChanges(assessor=assessor, git=repository).judge(changes)]
    assert [change for change, _ in together] == changes
    assert [v for _, v in together] == [one_by_one(alone, repository, change) for change in changes]
    strictness = [v["strictness"] for _, v in together if isinstance(v, dict)]
    assert {"auto", "one", "two"} <= set(strictness)
    assert sum(not isinstance(v, dict) for _, v in together) == 1  # the path with a line end


@pytest.mark.slow
def test_more_changes_than_one_run_takes_keep_their_order(repository, assessor):
    (first, *_) = [change for change, _ in changes_of(repository, "HEAD", 1)]
    many = [Change(name=str(n), base_tree=first.base_tree, result_tree=first.result_tree) for n in range(2 * CHUNK + 5)]
    found = list(ManyChanges(assessor=assessor, git=repository).judge(iter(many)))
    assert [change.name for change, _ in found] == [change.name for change in many]


class DiesAt:
    """Walls in which the program dies at a word, whoever asks; as a front end with a hole would."""

    level = SandboxLevel.LIMITS

    def __init__(self, word: bytes) -> None:
        self.word, self.runs = word, 0

    def run(self, argv, *, stdin=b"", **_rest) -> SandboxResult:
        self.runs += 1
        lines = stdin.split(b"\n")
        upto = next((n for n, line in enumerate(lines) if self.word in line), len(lines))
        done = JudgeInside().run(argv, stdin=b"\n".join(lines[:upto]))
        code = -11 if upto < len(lines) else done.returncode
        return SandboxResult(returncode=code, stdout=done.stdout, stderr=b"", timed_out=False)


def asked(name: str) -> dict[str, Any]:
    file = {"path": "a.md", "before": "a\n", "after": "b\n", "mode_before": "100644", "mode_after": "100644"}
    return {"v": 1, "mode": "assess", "case": {"id": name, "files": [file]}, "evidence": []}


def judged(answer: Answer) -> dict[str, Any]:
    assert isinstance(answer, dict)
    return answer


@pytest.mark.requirement("R25")
def test_a_change_at_which_the_assessor_dies_costs_its_own_verdict_only():
    walls = DiesAt(b'"boom"')
    judge = Judge(sandbox=walls, python=Path(sys.executable))
    names = ["a", "boom", "b", "c", "boom", "d"]
    answers = judge.ask_many([asked(name) for name in names], {})
    assert [isinstance(one, Unavailable) for one in answers] == [name == "boom" for name in names]
    assert [one["assessment"]["id"] for one in answers if isinstance(one, dict)] == ["a", "b", "c", "d"]
    assert walls.runs == 5  # each death ends a run, and the culprit has one of its own


@pytest.mark.slow
@pytest.mark.requirement("R25")
def test_the_assessor_inside_says_and_ends_as_the_one_behind_walls():
    lines = [{"v": 1, "mode": "many", "texts": {}}, asked("a"), {"v": 1, "mode": "no such mode"}, asked("b")]
    many = b"\n".join(map(msgspec.json.encode, lines))
    for stdin, status in ((many, 0), (msgspec.json.encode(lines[2]), 4)):
        inside = JudgeInside().run(judge_argv(Path(sys.executable)), stdin=stdin)
        walled = open_sandbox().run(judge_argv(Path(sys.executable)), stdin=stdin)
        assert inside == walled
        assert inside.returncode == status


class FailsInCompany:
    """Walls that are too small for two questions at once."""

    level = SandboxLevel.LIMITS

    def run(self, argv, *, stdin=b"", **_rest) -> SandboxResult:
        if stdin.count(b"\n") > 1:
            return SandboxResult(returncode=-9, stdout=b"", stderr=b"", timed_out=False)
        return JudgeInside().run(argv, stdin=stdin)


@pytest.mark.requirement("R25")
def test_what_fails_only_in_company_is_answered_alone():
    answers = Judge(sandbox=FailsInCompany()).ask_many([asked(name) for name in "abc"], {})
    assert [judged(one)["assessment"]["id"] for one in answers] == ["a", "b", "c"]


@pytest.mark.slow
def test_contexts_name_only_texts_that_were_told():
    judge = Judge(sandbox=open_sandbox())
    case = asked("x")
    case["case"]["context"] = {"named": {"b.py": "told"}, "complete": True}
    known, unknown, wrong = (
        judged(judge.ask_many([case], texts)[0]) for texts in ({"told": "x = 1\n"}, {}, {"other": "x = 1\n"})
    )
    assert not known["context_wanted"]
    assert unknown["assessment"]["files"] == wrong["assessment"]["files"]
    assert unknown["assessment"]["strictness"] == "two"


@pytest.mark.slow
def test_a_single_question_cannot_name_texts():
    request = asked("x")
    request["case"]["context"] = {"named": {"b.py": "told"}, "complete": True}
    content = msgspec.json.encode(request)
    done = subprocess.run(judge_argv(Path(sys.executable)), input=content, capture_output=True, check=True)
    assert msgspec.json.decode(done.stdout)["assessment"] == Judge(sandbox=open_sandbox()).ask(asked("x"))["assessment"]


@pytest.mark.parametrize("wrong", ["a...b", "--all", ""])
def test_what_is_no_range_is_refused(repository, wrong):
    with pytest.raises(Usage, match="revision"):
        changes_of(repository, wrong, 10)


def test_an_unknown_end_and_an_empty_range_are_told(repository):
    with pytest.raises(NotFound, match="nowhere"):
        changes_of(repository, "nowhere..HEAD", 10)
    with pytest.raises(NotFound, match="no commit with a parent"):
        changes_of(repository, "HEAD..HEAD", 10)
