"""The weaknesses that SARIF names, wherever a tool writes them (R36)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from magistrate.adapters.scanners.sarif import SarifFile
from magistrate.adapters.scanners.weaknesses import MAX_NAMED, weaknesses_of

CWE = {"name": "CWE"}


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("part", "found"),
    [
        ({"properties": {"tags": ["security", "external/cwe/cwe-798"]}}, ("CWE-798",)),
        ({"properties": {"tags": ["CWE-0321: Use of hard-coded key", "cwe_259"]}}, ("CWE-259", "CWE-321")),
        ({"properties": {"cwe": "CWE-798"}}, ("CWE-798",)),
        ({"properties": {"cwe": ["CWE-798", 5]}}, ("CWE-798",)),
        ({"taxa": [{"id": "798", "toolComponent": CWE}]}, ("CWE-798",)),
        ({"relationships": [{"target": {"id": "CWE-259", "toolComponent": CWE}}]}, ("CWE-259",)),
        ({"taxa": [{"id": "798", "toolComponent": {"name": "OWASP"}}]}, ()),
        ({"taxa": [{"id": "79801x", "toolComponent": CWE}]}, ()),
        ({"properties": {"note": "CWE-798"}}, ()),
        ({"properties": {"tags": "acwe-798"}}, ()),
        ({"properties": [], "taxa": {}, "relationships": "x"}, ()),
        ({"properties": {"tags": [None, {}, []]}, "taxa": [None, 5], "relationships": [None, {"target": 5}]}, ()),
        ({}, ()),
    ],
)
def test_each_place_where_a_tool_names_a_weakness(part: dict[str, Any], found: tuple[str, ...]) -> None:
    assert weaknesses_of(part) == found


@pytest.mark.requirement("R36")
def test_of_many_weaknesses_some_are_kept() -> None:
    assert len(weaknesses_of({"properties": {"tags": [f"cwe-{n}" for n in range(1, 500)]}})) == MAX_NAMED


@pytest.mark.requirement("R36")
def test_a_finding_has_the_weaknesses_of_its_rule_and_its_own() -> None:
    def result(**more: object) -> dict[str, object]:
        place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 1}}}
        return {"message": {"text": "m"}, "locations": [place], **more}

    rules = [{"id": "R1", "properties": {"tags": ["cwe-798"]}}, {"id": "R2"}]
    results = [
        result(ruleId="R1"), result(ruleIndex=0), result(ruleId="R2", ruleIndex=1), result(ruleId="R3"),
        result(ruleId="R2", taxa=[{"id": "259", "toolComponent": CWE}]),
    ]  # fmt: skip
    run = {"results": results, "tool": {"driver": {"name": "t", "rules": rules}}}
    sarif = SarifFile(io.BytesIO(json.dumps({"version": "2.1.0", "runs": [run]}).encode()), repository="shop")
    assert [one.weaknesses for one in sarif.findings()] == [("CWE-798",), ("CWE-798",), (), (), ("CWE-259",)]
