"""The tests prover: what it lets be tests, what a record of a run must say, and that it only ever gets stricter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import TESTS

from magistrate.domain.impact import ChangeClass, Evidence, FileChange, Proof, ProofStatus, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.case import Case, parse_case
from magistrate.impact.provers.tests import PROVER
from magistrate.impact.testing.mutants import sampled
from magistrate.impact.testing.runs import request
from magistrate.impact.testing.workflows import why_not_secretless

CASES = TESTS / "corpus" / "provers" / "tests"
ATTACKS = [json.loads(line) for line in (TESTS / "corpus" / "attacks" / "tests.jsonl").read_text().splitlines()]
ADDED = CASES / "python_added"
PATH = "tests/test_cart.py"


def text(place: Path) -> str:
    return place.read_text()


BASE = {
    path.relative_to(ADDED / "base").as_posix(): text(path) for path in (ADDED / "base").rglob("*") if path.is_file()
}
OLD, NEW = text(ADDED / "before" / PATH), text(ADDED / "after" / PATH)
RECORD = json.loads(text(ADDED / "run.json"))


def change(after: str | None, before: str | None = OLD, path: str = PATH) -> FileChange:
    old, new = (None if side is None else side.encode() for side in (before, after))
    return FileChange(path=path, before=old, after=new)


def judged(*changes: FileChange, base: dict[str, str] | None = None, record: object = RECORD) -> Proof:
    tree = BaseTree(files=BASE if base is None else base, known=True)
    step = [ChangedFile(change=one) for one in changes]
    wanted = request(step, tree)
    runs = [] if wanted is None else [run_of(wanted.path, wanted.inputs_digest, record)]
    return PROVER.prove(step[0], step, tree, runs)


def run_of(path: str, digest: str, record: object) -> Evidence:
    output = record if isinstance(record, bytes) else json.dumps(record).encode()
    return Evidence(tool="pytest-run", tool_digest="d", path=path, inputs_digest=digest, output=output)


def with_state(test: str, state: str, side: str = "after") -> dict[str, object]:
    return {**RECORD, side: {**RECORD[side], f"{PATH}::{test}": state}}


@pytest.mark.requirement("R20")
def test_a_plain_new_test_is_proven_with_the_record_of_its_run() -> None:
    proof = judged(change(NEW))
    assert (proof.status, proof.change_class) == (ProofStatus.PROVEN, ChangeClass.TESTS)
    assert {"inputs_digest", "mutants", "tests_after", "tool_digest"} <= {name for name, _ in proof.witness}


@pytest.mark.requirement("R16", "R20")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one["id"])
def test_no_attack_gets_as_far_as_a_run(attack: dict[str, object]) -> None:
    case = parse_case(attack)
    step = [ChangedFile(change=one) for one in case.steps[0]]
    asked = [PROVER.wants(file, step, case.base) if PROVER.applies(file) else () for file in step]
    assert not all(asked)


@pytest.mark.requirement("R20")
@pytest.mark.parametrize(
    ("record", "why"),
    [
        (with_state("test_one_more", "failed"), "did not pass"),
        (with_state("test_one_more", "skipped"), "did not pass"),
        (with_state("test_total", "failed"), "was passed before and is failed now"),
        ({**RECORD, "after": {k: v for k, v in RECORD["after"].items() if "total" not in k}}, "is gone now"),
        ({**with_state("test_total", "failed"), "before": with_state("test_total", "failed", "before")["before"]}, "shows nothing"),
        ({**RECORD, "reached": {f"{PATH}::test_one_more": ["a process"]}}, "reaches beyond the program"),
        ({**RECORD, "mutants": {**RECORD["mutants"], "noticed_after": []}}, "was noticed by the tests before"),
        ({**RECORD, "mutants": {"made": [], "noticed_before": [], "noticed_after": []}}, "no code of the repository"),
        ({**RECORD, "mutants": {**RECORD["mutants"], "noticed_after": ["x"]}}, "not readable"),
        ({**RECORD, "after": {}}, "collected none"),
        ({"v": 1}, "not readable"),
        (b"\xff", "not readable"),
        ([], "not readable"),
    ],
)  # fmt: skip
def test_a_record_that_shows_less_proves_nothing(record: object, why: str) -> None:
    proof = judged(change(NEW), record=record)
    assert proof.status is ProofStatus.REFUTED
    assert why in proof.why


@pytest.mark.requirement("R20")
def test_a_record_of_other_trees_or_none_is_no_record() -> None:
    tree = BaseTree(files=BASE, known=True)
    step = [ChangedFile(change=change(NEW))]
    wanted = request(step, tree)
    assert wanted is not None
    other = BaseTree(files={**BASE, "shop/cart.py": BASE["shop/cart.py"] + "\n"}, known=True)
    for runs, base in (((), tree), ((run_of(wanted.path, wanted.inputs_digest, RECORD),), other)):
        proof = PROVER.prove(step[0], step, base, runs)
        assert proof.status is ProofStatus.UNKNOWN
        assert "nobody has run them" in proof.why
    unknown = PROVER.prove(step[0], step, replace(tree, known=False), ())
    assert unknown.status is ProofStatus.UNKNOWN
    assert not PROVER.wants(step[0], step, replace(tree, known=False))


@pytest.mark.requirement("R20")
def test_a_step_that_does_not_begin_at_the_base_is_not_run() -> None:
    base = {**BASE, PATH: OLD + "\n# another text\n"}
    proof = judged(change(NEW), base=base)
    assert proof.status is ProofStatus.UNKNOWN
    assert "does not begin at the base" in proof.why


@pytest.mark.requirement("R20", "R26")
@pytest.mark.parametrize(
    "other",
    [
        FileChange(path="tests/good.bin", before=None, after=b"\x00\x01payload"),
        FileChange(path="tests/data/good.xz", before=None, after=b"\xfd7zXZ\x00"),
        FileChange(path="tests/files/large.txt", before=None, after=b"ab" * 600_000),
        FileChange(path="tests/conftest.py", before=None, after=b"collect_ignore = []\n"),
        FileChange(path="pytest.ini", before=None, after=b"[pytest]\naddopts = -k nothing\n"),
        FileChange(path="Makefile", before=b"all:\n\ttrue\n", after=b"all:\n\tsh tests/good.bin\n"),
        FileChange(path="shop/cart.py", before=BASE["shop/cart.py"].encode(), after=b"x = 1\n"),
    ],
    ids=lambda one: one.path,
)
def test_a_fixture_hook_or_build_line_beside_a_test_makes_it_no_tests(other: FileChange) -> None:
    """AS-13: a binary test file and the line that reads it, each with a harmless test."""
    assert judged(change(NEW), other).status is not ProofStatus.PROVEN
    alone = Case(id="alone", steps=((other,),), base=BaseTree(files=BASE, known=True))
    assert assess(alone).strictness is not Strictness.AUTO
    chain = Case(id="chain", steps=((change(NEW),), (other,)), base=BaseTree(files=BASE, known=True))
    assert assess(chain).strictness is not Strictness.AUTO


@pytest.mark.requirement("R16", "R20")
@pytest.mark.parametrize(
    "path",
    ["tests/test_cart_code.py", "tests/cart_test.py", "tests/unit/test_code.py", "test_code.py", "shop/test_code.py"],
)
def test_code_does_not_become_a_test_by_its_place(path: str) -> None:
    code = BASE["shop/cart.py"]
    assert judged(change(code, None, path)).status is not ProofStatus.PROVEN
    assert (
        judged(change(code + "\n\ndef test_total():\n    assert total([1]) == 1\n", None, path)).status
        is not ProofStatus.PROVEN
    )


TAILS = (
    "def test_a():\n    assert total([1]) == 1\n",
    "def test_b():\n    cart = Cart()\n    assert cart.size == 0\n",
    "import os\n",
    "LIMIT = 1\n",
    "def helper():\n    return 1\n",
    "@pytest.fixture(autouse=True)\ndef quiet():\n    yield\n",
    "def test_total():\n    assert True\n",
    "def test_c():\n    assert total == total\n",
    "class TestMore(Cart):\n    def test_x(self):\n        assert total([]) == 0\n",
    "pytestmark = pytest.mark.skip\n",
    "if total:\n    def test_d():\n        assert total([]) == 0\n",
    "del test_total\n",
    "test_total = None\n",
    "@pytest.mark.skipif(True, reason='x')\ndef test_e():\n    assert total([]) == 0\n",
    "def test_f():\n    exec('total = 1')\n    assert total([]) == 0\n",
)
CUTS = (
    "    assert cart.size == 2\n",
    "    assert total([1, 2]) == 3\n",
    "    assert total([n]) == n\n",
    '    cart.put("a", 2)\n',
)


@pytest.mark.requirement("R16", "R20", "R26")
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(TAILS), max_size=3),
    st.sets(st.sampled_from(CUTS)),
    st.lists(st.sampled_from(TAILS), min_size=1, max_size=2),
)
def test_more_hunks_never_relax(tails: list[str], cuts: set[str], more: list[str]) -> None:
    tree = BaseTree(files=BASE, known=True)

    def held(body: str, parts: list[str]) -> bool:
        file = ChangedFile(change=change("\n\n".join([body.rstrip("\n") + "\n", *parts])))
        return bool(PROVER.wants(file, [file], tree))

    cut = OLD
    for part in cuts:
        cut = cut.replace(part, "")
    fewer = held(OLD, tails)
    assert not held(cut, tails) or not cuts
    assert fewer or not held(OLD, [*tails, *more])
    assert held(cut, [*tails, *more]) <= held(OLD, tails)


WORKFLOW = "on: push\npermissions:\n  contents: read\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest\n"


@pytest.mark.requirement("R20")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (WORKFLOW, None),
        (WORKFLOW.replace("  contents: read", "  contents: write"), "only read"),
        (WORKFLOW.replace("permissions:\n  contents: read\n", ""), "only read"),
        (WORKFLOW.replace("permissions:\n  contents: read\n", "permissions: {}\n"), None),
        (WORKFLOW.replace("permissions:\n  contents: read\n", "permissions: write-all\n"), "only read"),
        (WORKFLOW.replace("  contents: read", "  id-token: write"), "only read"),
        (WORKFLOW.replace("on: push", "on: [push, workflow_run]"), "workflow_run"),
        (WORKFLOW.replace("on: push", "env:\n  A: ${{ secrets.A }}\non: push"), "by the whole workflow"),
        (WORKFLOW.replace("    steps", "    environment: live\n    steps"), "environment"),
        (WORKFLOW.replace("    steps", "    container: acme/image\n    steps"), "image of its own"),
        (WORKFLOW.replace("ubuntu-latest", "self-hosted"), "a secret or a token"),
        (WORKFLOW.replace("ubuntu-latest", "[linux, big]"), "machine of the service"),
        (WORKFLOW.replace("ubuntu-latest", "${{ matrix.os }}\n    strategy:\n      matrix:\n        os: [ubuntu-latest, macos-14]"), None),
        (WORKFLOW.replace("      - run: pytest", "      - uses: acme/run@v1").replace("permissions:\n  contents: read\n", ""), "only read"),
        (WORKFLOW.replace("      - run: pytest", "      - uses: actions/checkout@v4").replace("permissions:\n  contents: read\n", ""), None),
        (WORKFLOW.replace("      - run: pytest", "      - run: pytest\n        env: {A: '${{ github.token }}'}"), "a secret or a token"),
        (WORKFLOW + "  u:\n    uses: ./.github/workflows/b.yml\n    secrets: inherit\n", "defined elsewhere"),
        ("jobs: [\n", "not readable"),
        ("name: x\n", "another shape"),
        ("on: push\njobs:\n  t: 1\n", "defined elsewhere"),
    ],
)  # fmt: skip
def test_checks_that_hold_or_may_hold_something_are_told(text: str, why: str | None) -> None:
    found = why_not_secretless(BaseTree(files={".github/workflows/a.yml": text}, known=True))
    assert (found is None) if why is None else (found is not None and why in found)


@pytest.mark.requirement("R20")
def test_mutants_are_the_same_each_time_and_only_in_what_was_called() -> None:
    source = BASE["shop/cart.py"]
    line = source.split("\n").index("def total(items):") + 1
    texts = {"shop/cart.py": source}
    found = sampled(texts, [("shop/cart.py", line)], "seed", 12)
    assert found == sampled(texts, [("shop/cart.py", line)], "seed", 12)
    assert found
    assert all(one.source != source and int(one.name.split(":")[1]) > line for one in found)
    assert len(sampled(texts, [("shop/cart.py", line)], "seed", 1)) == 1
    assert sampled(texts, [("shop/cart.py", 10_000)], "seed", 12) == ()
    assert sampled({"a.py": "def f(:"}, [("a.py", 1)], "seed", 12) == ()
