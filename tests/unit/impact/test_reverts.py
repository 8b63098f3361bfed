"""Fixes that are taken back exactly, under subjects that say nothing: history asks for no fewer people."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from paths import TESTS

from magistrate.domain.impact import STRICTNESS_ORDER, ChangeClass
from magistrate.errors import Usage
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import parse_case

ATTACKS = [json.loads(line) for line in (TESTS / "corpus" / "attacks" / "reverts.jsonl").read_text().splitlines()]


@pytest.mark.requirement("R25", "R26")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["id"])
def test_a_quiet_fix_that_is_taken_back_asks_for_no_fewer(attack: dict[str, object]) -> None:
    case = parse_case(attack)
    assert case.base.earlier is not None
    without = replace(case, base=BaseTree(files=case.base.files, known=case.base.known))
    found, plain = assess(case), assess(without)
    order = STRICTNESS_ORDER.index
    assert order(found.strictness) >= order(plain.strictness), found.reasons
    assert not found.auto_eligible


def test_a_chain_of_steps_has_no_history() -> None:
    attack = next(one for one in ATTACKS if one["files"][0]["path"].endswith(".css"))
    chain = {**{k: v for k, v in attack.items() if k != "files"}, "steps": [attack["files"], attack["files"]]}
    assert parse_case(attack).base.earlier is not None
    assert parse_case(chain).base.earlier is None


def test_a_revert_is_never_low() -> None:
    attack = next(one for one in ATTACKS if one["files"][0]["path"].endswith(".css"))
    attack["context"]["earlier"]["landed"][0]["said"] = ""
    found = assess(parse_case(attack))
    assert found.files[0].change_class is ChangeClass.REVERT
    assert not found.files[0].low


@pytest.mark.parametrize(
    "facts",
    [
        3, {"result_tree": "x"}, {"result_tree": "a" * 40, "landed": 4}, {"result_tree": "a" * 40, "landed": [{}]},
        {"result_tree": "a" * 40, "altered": [{"path": 1}], "of": "b" * 40},
        {"result_tree": "a" * 40, "altered": [{"path": "a"}]},
        {"result_tree": "a" * 40, "landed": [{"commit": "a" * 40, "tree": "b" * 40, "subject": "c", "merged": 1}]},
    ],
)  # fmt: skip
def test_facts_of_another_shape_are_refused(facts: object) -> None:
    case = {"files": [{"path": "a", "before": "b", "after": "c"}], "context": {"earlier": facts}}
    with pytest.raises(Usage, match=r"MAG-E250|earlier|landed|hexadecimal|text"):
        parse_case(case)
