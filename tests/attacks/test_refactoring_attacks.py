"""Attacks on the two claims about Python's imports and annotations, each against its prover alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from paths import TESTS

from magistrate.domain.impact import ProofStatus
from magistrate.impact.base import ChangedFile, Prover
from magistrate.impact.case import parse_case
from magistrate.impact.provers import import_order, type_annotations


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TESTS / "corpus/attacks" / f"{name}.jsonl").read_text().splitlines()]


def proven_by(prover: Prover, attack: dict[str, Any]) -> bool:
    case = parse_case(attack)
    step = tuple(ChangedFile(change=change) for change in case.steps[0])
    files = [file for file in step if prover.applies(file)]
    return all(prover.prove(file, step, case.base, ()).status is ProofStatus.PROVEN for file in files)


@pytest.mark.requirement("R17", "R25")
@pytest.mark.parametrize("attack", lines("import_order"), ids=lambda a: a["id"])
def test_an_import_with_effects_stays_where_it_is(attack: dict[str, Any]) -> None:
    assert not proven_by(import_order.PROVER, attack)


@pytest.mark.requirement("R17", "R25")
@pytest.mark.parametrize("attack", lines("type_annotations"), ids=lambda a: a["id"])
def test_an_annotation_that_does_something_is_no_annotation(attack: dict[str, Any]) -> None:
    assert not proven_by(type_annotations.PROVER, attack)
