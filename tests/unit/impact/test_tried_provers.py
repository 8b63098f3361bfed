"""A verdict keeps what every prover said; the objection in front is the one that got furthest."""

from __future__ import annotations

import msgspec
import pytest

from magistrate.entrypoints.cli.proofs import proof_lines, prover_rows
from magistrate.impact.assess import PROVERS, assess
from magistrate.impact.case import parse_case
from magistrate.judge import assessment
from magistrate.wire.assessment import Verdict
from magistrate.wire.canonical import canonical

BEFORE = '"""Doc."""\n\nimport sys\n\n\ndef f(a):\n    # say hello\n    return a + 1\n\n\nprint(sys.argv)\n'


def judged(after: str, path: str = "a.py", before: str = BEFORE) -> dict:
    case = parse_case(
        {"id": "c", "files": [{"path": path, "before": before, "after": after}],
         "context": {"files": {path: before}, "complete": True}}
    )  # fmt: skip
    return assessment(case, assess(case), "sha256:" + "0" * 64)


@pytest.mark.requirement("R46")
def test_every_prover_that_read_a_file_is_in_the_verdict_in_order() -> None:
    (file,) = judged(BEFORE.replace("say hello", "noqa: E501"))["files"]
    names = [prover.name for prover in PROVERS]
    told = [one["rule"] for one in file["tried"]]
    assert {"python-formatting/1", "python-comments/1", "ruff-fix/1"} <= set(told)
    assert told == sorted(told, key=names.index)
    assert all(one["why"] and one["status"] and one["class"] for one in file["tried"])


@pytest.mark.parametrize(
    ("after", "apt"),
    [
        (BEFORE.replace("say hello", "noqa: E501"), "line 7: "),
        (BEFORE.replace("a + 1", "a + 2"), "the syntax trees differ"),
        (BEFORE.replace("def f(a):", "def f(a:"), "the parser does not accept it"),
    ],
    ids=["a comment that is no prose", "other code", "not parsed"],
)
def test_in_front_stands_the_objection_that_got_furthest(after: str, apt: str) -> None:
    (file,) = judged(after)["files"]
    assert apt in file["proof"]["why"]


def test_a_verdict_without_tried_provers_is_written_as_before() -> None:
    raw = judged("x", path="odd.bin9", before="y")
    assert "tried" not in raw["files"][0]
    verdict = msgspec.convert(raw, Verdict, strict=True)
    assert canonical(verdict) == canonical(raw)
    full = judged(BEFORE.replace("a + 1", "a + 2"))
    again = msgspec.convert(full, Verdict, strict=True)
    assert canonical(again) == canonical(full)
    assert len(again.files[0].tried) > 1


def test_all_of_them_are_shown_when_asked_and_the_rest_is_named() -> None:
    files = judged(BEFORE.replace("a + 1", "a + 2"))["files"]
    (front,) = proof_lines(files, every=False)
    tried = files[0]["tried"]
    assert f"({len(tried)} provers read it: --all-provers)" in front
    first, *below = proof_lines(files, every=True)
    assert files[0]["proof"]["rule"] in first
    assert len(below) == len(tried)
    for line, one in zip(below, tried, strict=True):
        assert one["rule"] in line
        assert one["status"] in line
        assert one["why"] in line
    assert [row["rule"] for row in prover_rows(files)] == [one["rule"] for one in tried]
