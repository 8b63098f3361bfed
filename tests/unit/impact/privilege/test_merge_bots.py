"""Rules by which bots merge: what changes in what they say is unknown."""

from __future__ import annotations

import pytest
from world.brute_force import verdict_of
from world.rights import corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.merge_bots import READER
from magistrate.impact.privilege.engine import delta

ROWS = rows_of(corpus("merge-bots"), "merge-bots")


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    assert verdict_of(delta(found_by(READER, row["before"]), found_by(READER, row["after"]))) == row["expected"], row[
        "why"
    ]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_noise_in_a_file_is_read_the_same_twice(row):
    verify_reads_anything(READER, '{[: &a *a "\n' * 10, row)
