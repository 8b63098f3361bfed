"""The measuring stick measures: labels are whole, baselines read as described, shares count right."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from baselines import BASELINES, Seen, accepted_by, chain_accepted_by
from harmless_tables import CLASSES_OF_KIND, summary, wilson

LABELS = [json.loads(line) for line in (ROOT / "bench/harmless/read.jsonl").read_text().splitlines()]


def test_every_label_is_whole_and_there_are_enough_of_both() -> None:
    assert len({row["sha"] for row in LABELS}) == len(LABELS)
    assert len({row["repo"] for row in LABELS}) >= 8
    counts = Counter(row["low"] for row in LABELS)
    assert counts[True] >= 100
    assert counts[False] >= 70
    for row in LABELS:
        assert set(row) == {"repo", "sha", "stratum", "low", "kind", "language", "note", "labels"}
        assert len(row["sha"]) == 40
        assert row["stratum"] in {"random", "title"}
        assert row["note"]
        assert not row["low"] or row["kind"] in CLASSES_OF_KIND


@pytest.mark.parametrize(
    ("paths", "lines", "title", "names"),
    [
        (("README.md",), 3, "fix: words", "G1 G2 G3 G4 G5 G6 L1 L2 S1"),
        (("src/guide.md",), 30, "Docs: words", "G2 G3 G4 G5 G6 P1 P2 P3 L1 L2 C2"),
        (("docs/build.py",), 30, "docs build", "G2 G3 G4 G5 P1 P2 P3 L1 L2 C2"),
        (("tests/test_a.py", "src/a.py"), 12, "test: one", "G5 P1 P3"),
        (("src/inspector.py",), 12, "inspect", "G6"),
        (("package-lock.json",), 400, "chore: bump", "G4 G5 P1 P3 L2"),
        (("a/b.go",), 2, "add a row", "S1"),
        (("deploy/a.yaml",), 20, "raise limits", "L2"),
    ],
)
def test_baselines_accept_what_their_rules_say(paths: tuple[str, ...], lines: int, title: str, names: str) -> None:
    assert accepted_by(Seen(paths=paths, lines=lines, title=title)) == names.split()


def test_without_a_title_a_title_rule_says_nothing_and_no_path_is_no_match() -> None:
    assert not {"P1", "P2", "P3", "C2"} & set(accepted_by(Seen(paths=("README.md",), lines=1)))
    assert accepted_by(Seen(paths=(), lines=99, title="x")) == []


def test_a_chain_passes_only_where_every_step_does() -> None:
    page, code = Seen(paths=("docs/a.md",), lines=1), Seen(paths=("src/a.py",), lines=1)
    assert "G3" in chain_accepted_by([page, page])
    assert chain_accepted_by([page, code]) == ["S1"]
    assert chain_accepted_by([]) == []


def test_intervals_are_those_of_wilson() -> None:
    assert wilson(0, 100) == (0.0, 3.7)
    assert wilson(50, 100) == (40.4, 59.6)
    assert wilson(10, 10) == (72.2, 100.0)
    assert wilson(0, 0) == (0.0, 100.0)


def told(*, auto: bool, strictness: str, classes: list[str]) -> dict[str, Any]:
    return {"auto": auto, "strictness": strictness, "classes": classes, "why": [] if auto else ["no reason"]}


def test_what_could_not_be_judged_counts_as_not_recognised_and_a_wrong_name_is_no_right_one() -> None:
    label = {"repo": "a/b", "low": True, "kind": "prose", "language": "markdown", "stratum": "title"}
    labels = [
        {**label, "sha": "1"},
        {**label, "sha": "2"},
        {**label, "sha": "3"},
        {**label, "sha": "4", "low": False, "kind": "code"},
    ]
    low = told(auto=True, strictness="auto", classes=["docs"])
    code = told(auto=False, strictness="one", classes=["code"])
    found: dict[str, dict[str, Any]] = {
        "1": {"within": low, "without": code, "accepted_by": ["G1"]},
        "2": {"within": code, "without": code, "accepted_by": []},
        "3": {"error": "TimeoutError"},
        "4": {"within": low, "without": code, "accepted_by": ["G5"]},
    }
    figures = summary(labels, found)
    head = figures["headline"]
    assert head["not_judged"] == 1
    assert [head[k]["hits"] for k in ("auto_with_repository", "auto_without", "at_most_one")] == [1, 0, 2]
    assert head["at_most_one_and_rightly_named"]["hits"] == 1
    assert head["not_low_accepted"]["hits"] == 1
    assert figures["accepted_not_low"] == ["a/b 4"]
    assert figures["baselines"]["G1"]["low"]["hits"] == 1
    assert figures["baselines"]["G5"]["not_low"]["hits"] == 1
    assert set(figures["baselines"]) == set(BASELINES)
    assert figures["why_not"] == {"no reason": 1, "could not be judged": 1}
