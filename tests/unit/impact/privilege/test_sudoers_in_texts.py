"""Rules of sudo in files that are no sudoers: what comes or changes is unknown."""

from __future__ import annotations

import pytest
from world.brute_force import verdict_of
from world.rights import corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.sudoers_in_texts import READER, rules_in
from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.readers import grants_of_both

ROWS = rows_of(corpus("sudoers-text"), "sudoers-text")


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    both = grants_of_both(row["before"], row["after"], (READER,), (READER,))
    assert ("unchanged" if both is None else verdict_of(delta(*both))) == row["expected"], row["why"]
    assert verdict_of(delta(found_by(READER, row["before"]), found_by(READER, row["after"]))) == row["expected"]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS[:4], ids=lambda row: row["id"])
def test_noise_in_a_file_is_read_the_same_twice(row):
    verify_reads_anything(READER, "ALL=( NOPASSWD: }} \n" * 20, row)


@pytest.mark.requirement("R25")
def test_a_hostile_text_comes_to_an_end():
    for text in (
        "ALL" + "a = (" * 40_000,
        "ALL " * 60_000,
        "ALL" + "x" * 300_000 + "=",
        "Defaults:" * 40_000,
        "NOPASSWD:" * 40_000,
    ):
        assert rules_in(text) == rules_in(text)
