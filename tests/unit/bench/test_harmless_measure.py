"""The measuring stick measures: labels are whole, baselines read as described, shares count right."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "bench"))

import harmless_tables
from baselines import BASELINES, Seen, accepted_by, chain_accepted_by
from bench_harmless import FIRST, SETS, TUNED, UNSEEN, HandRead
from harmless_tables import CLASSES_OF_KIND, summary, wilson, write_page


@pytest.mark.parametrize("of", SETS, ids=lambda of: of.name)
def test_every_label_is_whole_and_there_are_enough_of_both(of: HandRead) -> None:
    labels = of.rows()
    assert len({row["sha"] for row in labels}) == len(labels)
    assert len({row["repo"] for row in labels}) >= 8
    counts = Counter(row["low"] for row in labels)
    assert counts[True] >= 100
    assert counts[False] >= 70
    for row in labels:
        assert set(row) == {"repo", "sha", "stratum", "low", "kind", "language", "note", "labels"}
        assert len(row["sha"]) == 40
        assert row["stratum"] in {"random", "title"}
        assert row["note"]
        assert not row["low"] or row["kind"] in CLASSES_OF_KIND


def test_the_sets_have_no_repository_in_common() -> None:
    assert not {row["repo"] for row in TUNED.rows()} & {row["repo"] for row in UNSEEN.rows()}


def test_the_first_figure_of_the_unseen_set_is_that_of_its_labels_and_stays() -> None:
    first = json.loads(FIRST.read_text())
    assert FIRST not in {of.results for of in SETS}, "what was measured first must never be written again"
    assert set(first["commits"]) == {row["sha"] for row in UNSEEN.rows()}
    head = summary(UNSEEN.rows(), first["commits"])["headline"]
    assert first["figures"]["headline"] == head
    assert (head["n_low"], head["auto_with_repository"]["hits"], head["at_most_one"]["hits"]) == (117, 1, 43)
    assert head["not_low_accepted"]["hits"] == head["not_low_accepted_without"]["hits"] == 0


@pytest.mark.parametrize("of", SETS, ids=lambda of: of.name)
def test_nothing_but_low_risk_was_automatic_when_it_was_measured_last(of: HandRead) -> None:
    assert summary(of.rows(), of.kept()["commits"])["accepted_not_low"] == []


def test_the_page_tells_both_sets_side_by_side_and_keeps_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "measured.md"
    page.write_text(f"before\n{harmless_tables.START}\nold\n{harmless_tables.END}\nafter\n")
    monkeypatch.setattr(harmless_tables, "PAGE", page)
    label = {"repo": "a/b", "low": True, "kind": "prose", "language": "markdown", "stratum": "title"}
    low = told(auto=True, strictness="auto", classes=["docs"])
    two = {**told(auto=False, strictness="two", classes=["unknown"]), "why": ["rule: a|b", "rule: c; no ordinary code"]}

    def whole(within: dict[str, Any]) -> dict[str, Any]:
        found = {"1": {"within": within, "without": two, "accepted_by": ["G1"]}}
        return {"figures": summary([{**label, "sha": "1"}], found)}

    attacks = {"own": {"n": 4, "titled": 0, "through": {"magistrate": 0, "G1": 2}, "passed": []}}
    write_page({**whole(low), "attacks": attacks}, whole(low), {"at": "0123456789", **whole(two)})
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "\nold\n" not in text
    assert "| measured with the version at | - | 0123456 | - |" in text
    auto = "| low-risk commits that are automatic, with the repository |"
    assert f"{auto} 1/1 100 % (21-100) | 0/1 0 % (0-79) | 1/1 100 % (21-100) |" in text
    assert (
        "| **Magistrate**, with the repository | 1/1 100 % (21-100) | - | 0/1 0 % (0-79) | - | 0/4 0 % (0-49) |" in text
    )
    assert (
        "| prose | 1/1 100 % (21-100) | 1/1 100 % (21-100) | 0/1 0 % (0-79) | 0/1 0 % (0-79) | rule: a/b (1) |" in text
    )
    assert "no ordinary code" not in text.partition("set 1: what stands")[0]


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
