"""Changes written against the claim that a file is a test and nothing else: what asked for two stays at two."""

from __future__ import annotations

import json
from typing import Any

import pytest
from paths import TESTS

from magistrate.domain.impact import ChangeClass, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.case import parse_case

ATTACKS = [json.loads(line) for line in (TESTS / "corpus/attacks/test_text.jsonl").read_text().splitlines()]
"""`least`: what was seen when each hole was closed; `is_test`: the role holds, and one person sees the rest."""


@pytest.mark.requirement("R16", "R20", "R24")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a["technique"])
def test_what_is_no_test_never_gets_its_class_and_nothing_gets_less(attack: dict[str, Any]) -> None:
    found = assess(parse_case(attack))
    assert found.strictness is not Strictness.AUTO
    if attack["least"] == "two":
        assert found.strictness in {Strictness.TWO, Strictness.DENY}, [file.proof.why for file in found.files]
    if not attack["is_test"] and len(found.files) == 1:
        assert found.files[0].change_class is not ChangeClass.TESTS


def test_at_least_a_hundred_attacks_stand() -> None:
    assert sum(1 for one in ATTACKS if one["least"] == "two") > 80
    assert len({one["id"] for one in ATTACKS}) == len(ATTACKS) > 100
