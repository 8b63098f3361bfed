"""Modes of files as boxes: against a corpus written from the documentation, and against an evaluator of its own."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import outside_data
from world.brute_force import allowed_only_after, verdict_of
from world.rights import EXACT, corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.file_modes import READER
from magistrate.impact.privilege.domains.modes import Mode, UnreadableModeError, mode_of
from magistrate.impact.privilege.engine import Turn, delta

CORPUS = corpus("filemode")


def rows(path):
    return rows_of(path, "filemode")


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


@pytest.mark.requirement("R28")
@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet="- file: {path: /x, mode: '0777'}\nchmod u+s$;|&\"", max_size=80), st.sampled_from(rows(CORPUS))
)
def test_any_text_is_read_or_unknown_and_never_an_error(noise, row):
    verify_reads_anything(READER, noise, row)


@pytest.mark.requirement("R28")
@settings(max_examples=300, deadline=None)
@given(st.integers(0, 0o7777), st.integers(0, 0o7777))
def test_a_mode_with_more_bits_gives_more_and_one_with_fewer_gives_less(one, other):
    sides = [grants({"modes.yml": f"/x: {{owner: o, group: g, mode: '{mode:04o}'}}\n"}) for mode in (one, other)]
    found = {change.turn for change in delta(*sides)}
    gained, lost = other & ~one & 0o077, one & ~other & 0o077  # the owner may give itself the rest
    assert (Turn.GAINS in found) or not gained
    assert (Turn.LOSES in found) or not lost
    if one == other:
        assert not found


@pytest.mark.requirement("R28")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ugoa"), st.text(alphabet="rwxst", max_size=4)), min_size=1, max_size=3))
def test_symbolic_modes_are_those_that_the_system_prints(clauses):
    text = ",".join(f"{who}={bits}" for who, bits in clauses)
    try:
        found = mode_of(text)
    except UnreadableModeError:
        raise AssertionError(text) from None
    printed = stat.filemode(stat.S_IFREG | found.bits)
    for who, bits in clauses[-1:]:
        at = {"u": 1, "g": 4, "o": 7, "a": 7}[who]
        assert all(sign in printed[at : at + 3] for sign in bits if sign in "rw")


@pytest.mark.requirement("R28")
def test_a_mode_that_takes_away_is_refused():
    for text in ("o-r", "u+x,g-w", "g+x-w", "999", "77777", "", "rw", "{{ mode }}"):
        with pytest.raises(UnreadableModeError):
            mode_of(text)
    assert mode_of("0644") == Mode(0o644)
