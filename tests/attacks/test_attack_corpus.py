"""The attack corpus from outside: none of it may be automatic, with or without context."""

from __future__ import annotations

import json

import msgspec
import pytest
from paths import outside_data

from magistrate.judge import answer


@pytest.mark.requirement("R16", "R25")
@pytest.mark.parametrize("context", [None, {"files": {"src/other.c": "int x;"}}], ids=["bare", "context"])
def test_no_attack_is_auto_eligible(context: object) -> None:
    lines = outside_data("attacks.jsonl").read_text().splitlines()
    wrong = []
    for line in lines:
        case = {**json.loads(line), "context": context}
        reply, status = answer(msgspec.json.encode({"v": 1, "mode": "assess", "case": case}))
        assert status == 0, reply
        if json.loads(reply)["assessment"]["auto_eligible"]:
            wrong.append(case["id"])
    assert len(lines) >= 200
    assert wrong == []
