"""What a verdict is told as: the strictest part counts, and a mention is not a touch."""

from __future__ import annotations

from typing import Any

import pytest

from magistrate.entrypoints.cli.assess_forms import rendered
from magistrate.entrypoints.cli.assess_words import Report, asks, grouped, sensed, unquoted
from magistrate.usecases.assess import Assessed


def hit(kind: str, line: int = 1, why: str = "why", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "path": "a.md", "line": line, "why": why, **more}


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("file", "hits", "denials", "expected"),
    [
        ({"class": "docs"}, [], [], "auto"),
        ({"class": "docs", "asks": "one"}, [], [], "one"),
        ({"class": "unknown", "asks": "auto"}, [], [], "two"),
        ({"class": "docs"}, [hit("network")], [], "two"),
        ({"class": "docs"}, [hit("network", mention=True)], [], "one"),
        ({"class": "docs"}, [hit("docs")], [], "one"),
        ({"class": "docs"}, [], [hit("hidden-text")], "deny"),
    ],
)
def test_the_strictest_part_counts(file: Any, hits: Any, denials: Any, expected: str) -> None:
    assert asks(file, hits, denials) == expected


def test_a_thing_is_said_once_with_its_lines_and_the_strictest_kind_first() -> None:
    hits = [hit("code", 1), *(hit("secrets", line, "a key (added line)") for line in range(2, 10)), hit("gate", 0)]
    assert grouped(hits) == [
        ("", "gate", "why"), ("2, 3, 4, 5, 6 and 3 more", "secrets", "a key"), ("1", "code", "why")
    ]  # fmt: skip


def test_what_is_only_mentioned_is_called_so_in_every_form() -> None:
    proof = {"rule": "documentation/1", "status": "proven", "why": "words", "witness": {}}
    verdict = {
        "files": [{"path": "a.md", "class": "docs", "proof": proof}], "sensitivities": [], "denials": [],
        "mentions": [hit("network", 7)], "strictness": "one", "digest": "d", "assessor": "a", "auto_eligible": False,
        "reversible": "yes",
    }  # fmt: skip
    report = Report(found=Assessed(verdict=verdict, evidence=()), revisions=("a", "b"))
    assert "mentions  a.md:7  network" in rendered(report, "text")
    assert '"ruleId": "MAG2018"' in rendered(report, "sarif")
    assert '"level": "note"' in rendered(report, "sarif")
    assert "network: why" in rendered(report, "markdown")
    assert [found["mention"] for found in sensed(verdict)] == [True]


@pytest.mark.requirement("R26")
def test_a_reason_quotes_nothing_of_a_line_with_a_secret_and_no_key_at_all() -> None:
    secret = [hit("secrets", 3)]
    assert unquoted("line 3: `a b` does not begin like prose", secret) == "line 3: [masked] does not begin like prose"
    assert unquoted("line 4: `a b` is no prose", secret) == "line 4: `a b` is no prose"
    assert unquoted("`a.py` names `b.md`", secret) == "`a.py` names `b.md`"
    assert unquoted("line 4: `AKIAA7A7A7A7A7A7A7A7` is no prose", secret) == "line 4: `[masked]` is no prose"
    assert unquoted("line 4: `a b` is no prose", [hit("secrets", 0)]) == "line 4: [masked] is no prose"
