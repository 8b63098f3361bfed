"""Small samples of the soak runs (tests/soak), so that what they watch is watched every day."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from soak import mutated_patches, push_execute_race
from soak.recheck import can_check
from soak.subject import Subject, chances

from magistrate.domain.impact import LOW
from magistrate.impact.assess import PROVERS

SAMPLE = 1_000_021
"""The number of a shard that no soak run has; in its first cases somebody comes at every stage of an execution."""


def sample(subject: Subject, folder: Path, cases: int) -> Counter[str]:
    with subject.rig(folder) as trial:
        return Counter(trial(chances(subject.name, SAMPLE, case)) for case in range(cases))


@pytest.mark.requirement("R25")
def test_every_rule_that_makes_a_file_low_has_an_independent_check() -> None:
    rules = [prover.name for prover in PROVERS if prover.change_class in LOW]
    assert [rule for rule in rules if not can_check(rule)] == []


@pytest.mark.slow
@pytest.mark.requirement("R25")
def test_no_mutated_patch_is_low_without_a_proof_that_is_found_again(tmp_path: Path) -> None:
    seen = sample(mutated_patches.SUBJECT, tmp_path, 260)
    assert seen["contents: low"] >= 2
    assert seen["contents: unknown"] > 50
    assert any(word.startswith("patch:") for word in seen)


@pytest.mark.slow
@pytest.mark.requirement("R15")
def test_whoever_moves_the_ref_during_an_execution_nothing_unassessed_lands(tmp_path: Path) -> None:
    seen = sample(push_execute_race.SUBJECT, tmp_path, 24)
    assert any(word.endswith("halted") for word in seen)
    assert any(word.endswith(("succeeded", "rolled_back")) for word in seen)
