"""A tool that makes whatever the attacker proposes: what stands beside the bytes of the tool has to hold by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from paths import TESTS

from magistrate.domain.impact import Evidence
from magistrate.impact.assess import assess
from magistrate.impact.case import parse_case

ATTACKS = [json.loads(line) for line in (TESTS / "corpus/attacks/rederivation.jsonl").read_text().splitlines()]


def obedient(case: Any, tool: str) -> list[Evidence]:
    """Runs of one tool that are asked for, with exactly the proposed bytes as their output."""
    after = {change.path: change.after for step in case.steps for change in step}
    return [
        Evidence(
            tool=want.tool,
            tool_digest="sha256:" + "0" * 64,
            path=want.path,
            inputs_digest=want.inputs_digest,
            output=after[want.path] or b"",
        )
        for want in assess(case).evidence_wanted
        if want.tool == tool
    ]


@pytest.mark.requirement("R21", "R25")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a["id"])
def test_a_tool_in_the_hands_of_the_attacker_makes_nothing_automatic(attack: dict[str, Any]) -> None:
    case = parse_case(attack)
    found = assess(case, obedient(case, attack["tool"]))
    assert not found.auto_eligible, [(file.path, file.proof.rule) for file in found.files]


@pytest.mark.requirement("R21")
def test_an_obedient_tool_would_prove_what_the_guards_allow() -> None:
    base = {"pyproject.toml": "[tool.black]\n"}
    files = [{"path": "a.py", "before": "def f():\n    '''  Says.  '''\n", "after": 'def f():\n    """Says."""\n'}]
    case = parse_case({"id": "", "files": files, "context": {"files": base, "complete": True}})
    assert assess(case, obedient(case, "black")).auto_eligible
