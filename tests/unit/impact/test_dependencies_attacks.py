"""Each attack on the proof of dependencies asks for two people, not only for one (R23)."""

from __future__ import annotations

import json

import pytest
from paths import TESTS

from magistrate.domain.impact import ProofStatus, Strictness
from magistrate.impact.assess import assess
from magistrate.impact.base import ChangedFile
from magistrate.impact.case import parse_case
from magistrate.impact.provers.dependencies import PROVER

ATTACKS = [json.loads(line) for line in (TESTS / "corpus/attacks/dependencies.jsonl").read_text().splitlines()]


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one["id"])
def test_no_attack_is_left_to_one_person(attack):
    case = parse_case(attack)
    step = tuple(ChangedFile(change=change) for change in case.steps[0])
    assert any(PROVER.prove(file, step, case.base, ()).status is not ProofStatus.PROVEN for file in step)
    impact = assess(case)
    assert impact.strictness is Strictness.TWO
    assert impact.sensitivities, "and a sensor says something"
