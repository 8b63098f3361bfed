"""Changes written against the claim that what reads a page only checks or shows it: none of them is for one person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from paths import TESTS

from magistrate.domain.impact import Strictness
from magistrate.impact.assess import assess
from magistrate.impact.case import parse_case

ATTACKS = [json.loads(line) for line in (TESTS / "corpus/attacks/page_readers.jsonl").read_text().splitlines()]


@pytest.mark.requirement("R16", "R19")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a["technique"])
def test_a_page_that_is_run_or_taken_from_is_no_documentation(attack: dict[str, Any]) -> None:
    found = assess(parse_case(attack))
    assert found.strictness in {Strictness.TWO, Strictness.DENY}, [file.proof for file in found.files]


def test_at_least_fifty_attacks_stand() -> None:
    assert len({one["id"] for one in ATTACKS}) == len(ATTACKS) > 49
