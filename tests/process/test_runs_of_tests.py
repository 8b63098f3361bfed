"""Runs of touched tests behind real walls: the record, what a test may not reach, and what a missing run costs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from paths import TESTS

from magistrate.adapters.sandbox.detect import detect, open_sandbox
from magistrate.bootstrap.tools import found_tools
from magistrate.domain.impact import Evidence, EvidenceRequest
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.case import parse_case
from magistrate.impact.provers.tests import PROVER
from magistrate.impact.testing.runs import request
from magistrate.ports import SandboxLevel
from magistrate.usecases.assess import Assessor
from magistrate.usecases.test_runs import Walls, run_tests

TEST_PYTHON = "MAGISTRATE_TEST_PYTHON"
CASES = TESTS / "corpus" / "provers" / "tests"
PATH = "tests/test_cart.py"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        detect().level in {None, SandboxLevel.LIMITS}, reason="no namespaces: tests are run nowhere here"
    ),
]


def case_at(place: Path, after: str | None = None, more: dict[str, str] | None = None) -> dict[str, Any]:
    old, new = (place / "before" / PATH).read_text(), (place / "after" / PATH).read_text()
    base = {p.relative_to(place / "base").as_posix(): p.read_text() for p in (place / "base").rglob("*") if p.is_file()}
    files = {**base, **(more or {})}
    return {"id": "c", "files": [{"path": PATH, "before": old, "after": after or new}], "context": {"files": files}}


def asked(case: dict[str, Any]) -> tuple[list[ChangedFile], BaseTree, EvidenceRequest]:
    parsed = parse_case(case)
    step = [ChangedFile(change=one) for one in parsed.steps[0]]
    wanted = request(step, parsed.base)
    assert wanted is not None
    return step, parsed.base, wanted


def as_asked(wanted: EvidenceRequest) -> dict[str, str]:
    return {"tool": wanted.tool, "path": wanted.path, "inputs_digest": wanted.inputs_digest}


def record_of(case: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The record, and what the prover makes of it."""
    step, base, wanted = asked(case)
    sandbox = open_sandbox()
    output = run_tests(Walls(sandbox, [sys.executable], []), sandbox.level, case, as_asked(wanted))
    assert output is not None
    run = Evidence(tool_digest="d", output=output, **as_asked(wanted))
    return json.loads(output), PROVER.prove(step[0], step, base, [run]).why


@pytest.mark.requirement("R20")
def test_the_record_of_a_case_is_made_again() -> None:
    place = CASES / "python_renamed_and_split"
    record, _ = record_of(case_at(place))
    assert record == json.loads((place / "run.json").read_text())


CART = """import os, socket, subprocess


class Cart:
    def __init__(self):
        self.size = 0

    def put(self, name, count):
        self.size += count


def total(items):
    if items is None:
        raise ValueError("no items")
    return sum(items)


def shell(line):
    return subprocess.run(["true"]).returncode


def online(host):
    try:
        socket.create_connection((host, 80), 1)
    except OSError:
        return 0
    return 1


def calculate(text):
    return eval(text)


def kept(name):
    with open(name, "w") as stream:
        return stream.write("x")


def secrets():
    return sorted(name for name in os.environ if "MAGISTRATE" in name or "SECRET" in name)
"""


@pytest.mark.requirement("R20")
def test_what_a_new_test_reaches_is_seen_and_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET_TOKEN", "plainly-fake")
    place = CASES / "python_added"
    old = (place / "before" / PATH).read_text()
    old = old.replace("import Cart, total", "import Cart, calculate, kept, online, secrets, shell, total")
    new = old + (
        "\n\ndef test_shell():\n    assert shell('true') == 0\n"
        "\n\ndef test_online():\n    assert online('127.0.0.1') == 0\n"
        "\n\ndef test_calculate():\n    assert calculate('1 + 1') == 2\n"
        "\n\ndef test_kept():\n    assert kept('/tmp/x') == 1\n"
        "\n\ndef test_secrets():\n    assert secrets() == []\n"
    )
    case = case_at(place, new, {"shop/cart.py": CART})
    case["files"][0]["before"] = old
    record, why = record_of(case)
    reached = {name.rpartition("::")[2]: kinds for name, kinds in record["reached"].items()}
    assert reached == {
        "test_shell": ["a process"],
        "test_online": ["the network"],
        "test_calculate": ["runs a text"],
        "test_kept": ["the disk"],
    }
    assert set(record["after"].values()) == {"passed"}
    assert "reaches beyond the program" in why


@pytest.mark.requirement("R20")
def test_a_test_that_stops_noticing_is_refused_by_its_record() -> None:
    """The old test notices a changed sum, the new one does not: the trees alone are not believed."""
    place = CASES / "python_added"
    new = (place / "before" / PATH).read_text().replace("total([1, 2]) == 3", "total([1, 2]) == total([1, 2])")
    new = new.replace("assert total([n]) == n", "assert n").replace(
        "        total(None)\n", "        raise ValueError\n"
    )
    record, _ = record_of(case_at(place, new))
    mutants = record["mutants"]
    assert set(mutants["noticed_before"]) - set(mutants["noticed_after"])


@pytest.mark.requirement("R20")
def test_the_assessor_runs_them_with_the_named_interpreter_and_says_what_is_missing_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = case_at(CASES / "python_added")
    monkeypatch.delenv(TEST_PYTHON, raising=False)
    without = Assessor(sandbox=open_sandbox(), tools=found_tools()).of_case(case)
    assert without.strictness == "one"
    assert any(TEST_PYTHON in note for note in without.notes)
    monkeypatch.setenv(TEST_PYTHON, sys.executable)
    found = Assessor(sandbox=open_sandbox(), tools=found_tools()).of_case(case)
    assert found.strictness == "auto", found.verdict
    assert found.verdict["files"][0]["class"] == "tests"
    assert "pytest-run" in [run.tool for run in found.evidence]


@pytest.mark.requirement("R20")
def test_without_namespaces_nothing_of_a_repository_runs() -> None:
    case = case_at(CASES / "python_added")
    want = as_asked(asked(case)[2])
    walls = Walls(open_sandbox(), [sys.executable], [])
    for level in SandboxLevel:
        walled = level in {SandboxLevel.BUBBLEWRAP, SandboxLevel.UNSHARE}
        assert walled or run_tests(walls, level, case, want) is None
    other = {**want, "inputs_digest": "sha256:" + "0" * 64}
    assert run_tests(walls, SandboxLevel.BUBBLEWRAP, case, other) is None
