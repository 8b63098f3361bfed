"""Firewalls, accounts and logins in files of any kind: what comes or changes is unknown."""

from __future__ import annotations

import pytest
from world.brute_force import verdict_of
from world.rights import corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.machine_texts import LINE, READER, lines_in
from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.readers import grants_of_both
from magistrate.impact.screening import screen_of

ROWS = rows_of(corpus("machine-text"), "machine-text")


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    both = grants_of_both(row["before"], row["after"], (READER,), (READER,))
    assert ("unchanged" if both is None else verdict_of(delta(*both))) == row["expected"], row["why"]
    assert verdict_of(delta(found_by(READER, row["before"]), found_by(READER, row["after"]))) == row["expected"]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", [row for row in ROWS if row["expected"] == "unknown"][:5], ids=lambda row: row["id"])
def test_noise_in_a_file_is_read_the_same_twice(row):
    verify_reads_anything(READER, "- ufw:\n  usermod -\n" * 20, row)


@pytest.mark.requirement("R28")
def test_the_pattern_is_one_that_the_screen_can_use():
    assert screen_of((LINE.pattern,)).usable


@pytest.mark.requirement("R25")
def test_a_hostile_text_comes_to_an_end():
    for text in (
        "authorized_key:\n" * 20_000,
        "tcp " * 60_000,
        "useradd " * 40_000,
        "-A INPUT" * 40_000,
        " " * 200_000 + "become",
    ):
        assert lines_in("ufw" + text) == lines_in("ufw" + text)
