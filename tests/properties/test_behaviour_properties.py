"""What is told of a running system, for any change: never nothing without a proof, nothing with one (R29)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.domain.impact import FileChange, Impact, ProofStatus
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.behaviour.facts import SHOWN
from magistrate.impact.behaviour.readers import read
from magistrate.impact.case import Case
from magistrate.impact.measures.behaviour import EQUAL

NAMES = [
    "x.py",
    "x.ts",
    "x.go",
    "x.rs",
    "A.java",
    "x.yaml",
    "x.json",
    "x.toml",
    "x.sql",
    "x.rb",
    "Dockerfile",
    "README.md",
    "x.bin",
    "x.unknown",
]
PIECES = [
    "TIMEOUT = 3\n", "TIMEOUT = 30\n", "x = 1\n", "x  = 1\n", "# words\n", "def f(a, b=3):\n    return a\n", "def f(a, b=4):\n    return a\n",
    "@app.get('/a')\ndef g():\n    raise E\n", "class A(B):\n    x: int\n", "a: 1\n", "a: 2\n", "retries: 3\n", '{"a": 1}\n', "[t]\nttl = 3\n",
    "const a = 3;\n", "app.get('/a', h);\n", "throw new Error('x');\n", "package a\n", "func F(a int) {}\n", "fn f() { g()?; }\n", "pub const A: u8 = 3;\n",
    "drop table a;\n", "FROM a:1\n", "ENV A=1\n", "if x:\n    sys.exit(1)\n", "\t\n", "\r", "\0", "\u202e", "}\n", "((\n", "'''\n", "timeout: *a\n",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=5).map("".join)
SIDES = st.one_of(st.none(), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))


def judged(name: str, before: bytes | None, after: bytes | None, *, known: bool) -> Impact:
    change = FileChange(path=f"src/{name}", before=before, after=after)
    files = {change.path: (before or b"").decode("utf-8", "replace")}
    return assess(Case(id="x", steps=((change,),), base=BaseTree(files=files, known=known)))


@pytest.mark.slow
@pytest.mark.requirement("R29")
@settings(max_examples=400, deadline=None)
@given(st.sampled_from(NAMES), SIDES, SIDES, st.booleans())
def test_nothing_is_told_only_with_a_proof_that_nothing_is_done(
    name: str, before: bytes | None, after: bytes | None, known: bool
) -> None:
    if before is None and after is None:
        return
    found = judged(name, before, after, known=known)
    file = found.files[0]
    equal = file.proof.status is ProofStatus.PROVEN and file.change_class in EQUAL
    assert (found.behaviour == ()) is equal
    for one in found.behaviour:
        assert max(len(one.why), len(one.before or ""), len(one.after or "")) <= 4 * SHOWN
        assert not {"\n", "\u202e", "\0"} & set(f"{one.why}{one.before}{one.after}")


@pytest.mark.requirement("R29")
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), SIDES, SIDES)
def test_the_way_back_is_told_as_the_way_there_turned_round(
    name: str, before: bytes | None, after: bytes | None
) -> None:
    there = read(ChangedFile(change=FileChange(path=name, before=before, after=after))).found
    back = read(ChangedFile(change=FileChange(path=name, before=after, after=before))).found
    assert sorted((one.what, str(one.before), str(one.after)) for one in there) == sorted(
        (one.what, str(one.after), str(one.before)) for one in back
    )


@pytest.mark.requirement("R29")
@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(["x = 3\n", "TIMEOUT = 3\n", "def f(timeout=3):\n    return 1\n"]))
def test_layout_that_is_proven_is_never_told(head: str, tail: str, piece: str) -> None:
    before, after = head + piece + tail, head + piece.replace("3", " 3") + tail
    found = judged("x.py", before.encode("utf-8", "surrogatepass"), after.encode("utf-8", "surrogatepass"), known=True)
    if found.files[0].change_class in EQUAL:
        assert found.behaviour == ()
    else:
        assert found.behaviour
