"""Statements about rights in files that are no SQL: what comes or changes is unknown, what people say is nothing."""

from __future__ import annotations

import pytest
from world.brute_force import verdict_of
from world.rights import corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.sql_in_programs import COARSE, READER, STATEMENT, statements_in
from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.readers import grants_of_both
from magistrate.impact.screening import screen_of


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows_of(corpus("sql-text"), "sql-text"), ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    assert verdict_of(delta(found_by(READER, row["before"]), found_by(READER, row["after"]))) == row["expected"], row[
        "why"
    ]
    both = grants_of_both(row["before"], row["after"], (READER,), (READER,))
    assert ("unchanged" if both is None else verdict_of(delta(*both))) == row["expected"]


@pytest.mark.requirement("R28")
def test_the_coarse_pattern_is_one_that_the_screen_can_use():
    assert screen_of((COARSE.pattern,)).usable
    for said in (
        "GRANT SELECT ON t TO r",
        "revoke all on t from r",
        "ALTER TABLE t OWNER TO r",
        "COPY t FROM PROGRAM 'x'",
        "DROP POLICY p ON t",
    ):
        assert STATEMENT.search(said) is not None
        assert COARSE.search(said) is not None


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows_of(corpus("sql-text"), "sql-text")[:4], ids=lambda row: row["id"])
def test_noise_in_a_file_is_read_the_same_twice(row):
    verify_reads_anything(READER, "GRANT '\"`;\n" * 20, row)


@pytest.mark.requirement("R25")
def test_a_hostile_text_comes_to_an_end():
    for text in (
        "GRANT " + " " * 400_000,
        "grant select(" * 40_000,
        "GRANT a " * 40_000,
        "alter table " * 40_000,
        "grant select," * 40_000,
    ):
        assert statements_in(text) == statements_in(text)
