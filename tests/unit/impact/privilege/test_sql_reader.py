"""SQL as boxes: against a corpus written from the documentation, and against an evaluator of its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import outside_data
from world.brute_force import allowed_only_after, verdict_of
from world.rights import EXACT, corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.sql import READER
from magistrate.impact.privilege.domains.sql_text import Kind, UnreadableSqlError, statements
from magistrate.impact.privilege.engine import Turn, delta

CORPUS = corpus("sql")


def rows(path):
    return rows_of(path, "sql")


def grants(files):
    return found_by(READER, files)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows(CORPUS), ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    assert verdict_of(delta(grants(row["before"]), grants(row["after"]))) == row["expected"], row["why"]


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows(CORPUS), ids=lambda row: row["id"])
def test_an_evaluator_of_its_own_finds_gains_where_the_engine_does_and_nowhere_else(row):
    before, after = grants(row["before"]), grants(row["after"])
    found = {change.turn for change in delta(before, after)}
    assert (Turn.GAINS in found) is allowed_only_after(before, after)


@pytest.mark.requirement("R28")
def test_every_labelled_pair_is_exact():
    found = [row for row in rows(outside_data("privilege-pairs.jsonl")) if row["kind"] == "pair"]
    assert found
    for row in found:
        got = verdict_of(delta(grants(row["before"]), grants(row["after"])))
        assert got in EXACT.get(row["expected"], {row["expected"]}), row["id"]


@pytest.mark.requirement("R32")
def test_steps_that_widen_only_together_are_seen_in_their_net_effect():
    found = [row for row in rows(outside_data("privilege-pairs.jsonl")) if row["kind"] == "chain"]
    assert found
    for row in found:
        state = dict(row["base"])
        for step in row["steps"]:
            state |= step
        assert Turn.GAINS in {one.turn for one in delta(grants(row["base"]), grants(state))}, row["id"]


@pytest.mark.requirement("R28")
@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="GRANT ON TO'\"$;-/*(),.\\\nEeq:", max_size=80), st.sampled_from(rows(CORPUS)))
def test_any_text_is_read_or_unknown_and_never_an_error(noise, row):
    verify_reads_anything(READER, noise, row)


@pytest.mark.requirement("R28")
@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="abGRANT '\";$/*-\\\nE", max_size=40))
def test_a_string_in_its_quotes_is_one_token_whatever_is_in_it(inner):
    quoted = "'" + inner.replace("'", "''") + "'"
    for text in (quoted, f"$q${inner}$q$"):
        if text.startswith("$") and "$q" in inner + "$q$"[:-2]:
            continue
        ((token,),) = statements(text + ";")
        assert (token.kind, token.text) == (Kind.STRING, inner)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("text", ["'", '"', "/* /* */", "$a$ $b$", "E'\\'", 'U&"x"', "SELECT \\x"])
def test_a_text_whose_tokens_cannot_be_told_is_refused(text):
    with pytest.raises(UnreadableSqlError):
        list(statements(text))


HARMLESS = [
    "SELECT 1",
    "CREATE INDEX i ON t(a)",
    "INSERT INTO t VALUES (1)",
    "ALTER TABLE t ADD COLUMN c int",
    "COMMENT ON TABLE t IS 'x'",
]
GIVING = [
    "GRANT SELECT ON t TO app",
    "ALTER ROLE app SUPERUSER",
    "ALTER TABLE t OWNER TO app",
    "GRANT adm TO app",
    "GRANT ALL ON SCHEMA s TO PUBLIC",
]


@pytest.mark.slow
@pytest.mark.requirement("R28")
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(HARMLESS), max_size=4),
    st.sampled_from(GIVING),
    st.lists(st.sampled_from(HARMLESS), max_size=4),
)
def test_a_right_is_found_among_statements_that_give_none(first, giving, then):
    base = (
        "CREATE ROLE app LOGIN; CREATE ROLE adm; CREATE TABLE t(a int); CREATE SCHEMA s; GRANT SELECT ON SCHEMA x TO y;"
    )
    base = base.replace(" GRANT SELECT ON SCHEMA x TO y;", " CREATE TABLE u(a int); GRANT SELECT ON u TO adm;")
    before = grants({"1.sql": base})
    plain = grants({"1.sql": base, "2.sql": ";".join((*first, *then))})
    after = grants({"1.sql": base, "2.sql": ";".join((*first, giving, *then))})
    assert verdict_of(delta(before, plain)) == "unchanged"
    assert Turn.GAINS in {change.turn for change in delta(before, after)}


@pytest.mark.requirement("R28")
def test_a_file_that_leaves_no_right_is_still_seen_to_speak_of_rights():
    assert grants({"2.sql": "ALTER TABLE t DISABLE ROW LEVEL SECURITY;"}) != grants({})
    assert grants({"2.sql": "SELECT 1;"}) == grants({"2.sql": "SELECT 2;"})


@pytest.mark.requirement("R28")
def test_conditions_that_are_too_many_are_unknown_and_never_fewer():
    tests = " AND ".join(f"(a = {n} OR b = {n})" for n in range(14))
    text = "CREATE ROLE app LOGIN; CREATE TABLE t(a int, b int); GRANT SELECT ON t TO app; ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
    policies = "".join(f"CREATE POLICY p{n} ON t AS RESTRICTIVE USING (a = {n} OR b = {n});" for n in range(14))
    opened = "CREATE POLICY q ON t USING (true);"
    assert grants({"1.sql": f"{text}{opened}{policies}"}).unknown
    before = grants({"1.sql": f"{text}CREATE POLICY q ON t USING (({tests}) AND c = 1);"})
    assert before.unknown or verdict_of(delta(before, grants({"1.sql": f"{text}{opened}"}))) in {
        "widened",
        "incomparable",
    }
