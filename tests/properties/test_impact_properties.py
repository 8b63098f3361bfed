"""Adding never relaxes, failing never relaxes, and nothing is low without a proof."""

from __future__ import annotations

import ast
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.domain.impact import LOW, STRICTNESS_ORDER, FileChange, ProofStatus, Strictness
from magistrate.impact.assess import PROVERS, SENSORS, assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case

SOURCE = "# the first rows\nimport os\n\n\ndef f(a, b=1):\n    if a:\n        return a + b\n    return os.getpid()\n"
POOL = [
    FileChange(path="a.py", before=b"x=1\n", after=b"x = 1\n"),
    FileChange(path="b.py", before=b"# one row\nx = 1\n", after=b"# two rows\nx = 1\n"),
    FileChange(path="c.py", before=b"x = 1\n", after=b"x = 2\n"),
    FileChange(path="docs/d.md", before=b"Teh fox.\n", after=b"The fox.\n"),
    FileChange(path=".github/workflows/e.yml", before=b"on: push\n", after=b"on: [push]\n"),
    FileChange(path="f.bin", before=b"\0a", after=b"\0b"),
    FileChange(path="AGENTS.md", before=b"a\n", after=b"b\n"),
    FileChange(path="g.txt", before=b"a\n", after="a\u202e\n".encode()),
]
TEXTS = ["", "int z;", "see d.md", hashlib.sha256(b"x=1\n").hexdigest() + "  a.py\n"]
BASE = BaseTree(files={"src/z.c": "int z;"}, known=True)


def case(*changes: FileChange) -> Case:
    return Case(id="", steps=(tuple(changes),), base=BASE)


def level(one: Case) -> int:
    return STRICTNESS_ORDER.index(assess(one).strictness)


class Crashing:
    """Stands for any failure inside a prover or a sensor."""

    name = "crashing"
    change_class = PROVERS[0].change_class

    def applies(self, *_args: object) -> bool:
        return True

    def needs_base(self) -> bool:
        return False

    def __getattr__(self, _name: str) -> object:
        raise MemoryError


@pytest.mark.slow
@pytest.mark.requirement("R26")
@given(st.sets(st.sampled_from(POOL), min_size=1), st.sampled_from(POOL))
def test_adding_a_change_never_relaxes(some: set[FileChange], more: FileChange) -> None:
    ordered = sorted(some, key=lambda c: c.path)
    assert level(case(*sorted({*some, more}, key=lambda c: c.path))) >= level(case(*ordered))


@pytest.mark.slow
@pytest.mark.requirement("R25")
@settings(deadline=None)
@given(
    st.sets(st.sampled_from(POOL), min_size=1),
    st.dictionaries(st.sampled_from(["src/z.c", "sums.txt", "A.PY", "docs/index.md"]), st.sampled_from(TEXTS)),
    st.booleans(),
)
def test_without_its_repository_a_case_is_never_judged_more_leniently(
    some: set[FileChange], files: dict[str, str], split: bool
) -> None:
    ordered = sorted(some, key=lambda c: c.path)
    steps = tuple((change,) for change in ordered) if split else (tuple(ordered),)
    whole = level(Case(id="", steps=steps, base=BaseTree(files=files, known=True)))
    for base in (BaseTree(), BaseTree(files=files, known=False)):
        assert level(Case(id="", steps=steps, base=base)) >= whole
        assert level(Case(id="", steps=steps, base=base)) > STRICTNESS_ORDER.index(Strictness.AUTO)


@pytest.mark.slow
@pytest.mark.requirement("R25")
@given(st.sets(st.sampled_from(POOL), min_size=1), st.integers(0, len(PROVERS) - 1), st.integers(0, len(SENSORS) - 1))
def test_a_failing_prover_or_sensor_never_relaxes(some: set[FileChange], prover: int, sensor: int) -> None:
    one = case(*sorted(some, key=lambda c: c.path))
    broken = [Crashing() if i == prover else p for i, p in enumerate(PROVERS)]
    deaf = [Crashing() if i == sensor else s for i, s in enumerate(SENSORS)]
    plain = STRICTNESS_ORDER.index(assess(one).strictness)
    assert STRICTNESS_ORDER.index(assess(one, provers=broken).strictness) >= plain  # type: ignore[arg-type]
    assert STRICTNESS_ORDER.index(assess(one, sensors=deaf).strictness) >= plain  # type: ignore[arg-type]


@pytest.mark.requirement("R25")
@settings(max_examples=300)
@given(st.sampled_from(POOL), st.integers(0, 200), st.binary(max_size=6))
def test_a_mutated_patch_is_never_low_without_a_proof(change: FileChange, at: int, junk: bytes) -> None:
    after = change.after or b""
    mutated = FileChange(path=change.path, before=change.before, after=after[:at] + junk + after[at:])
    for file in assess(case(mutated)).files:
        if file.change_class in LOW:
            assert file.proof.status is ProofStatus.PROVEN
            assert file.proof.witness


@pytest.mark.slow
@pytest.mark.requirement("R17", "R18")
@settings(max_examples=400)
@given(
    st.integers(0, len(SOURCE) - 1),
    st.integers(0, 3),
    st.sampled_from([" ", "\n", "x", "#", "\t", "1", "'", "(", ",", "\\\n", "\r"]),
)
def test_a_changed_program_is_never_proven_the_same(at: int, cut: int, put: str) -> None:
    mutant = SOURCE[:at] + put + SOURCE[at + cut :]
    found = assess(case(FileChange(path="a.py", before=SOURCE.encode(), after=mutant.encode())))
    if found.files[0].change_class in LOW:
        assert ast.dump(ast.parse(mutant.encode())) == ast.dump(ast.parse(SOURCE))
