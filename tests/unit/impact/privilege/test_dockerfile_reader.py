"""Dockerfiles as boxes: against a corpus written from the documentation, and against an evaluator of its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import outside_data
from world.brute_force import allowed_only_after, verdict_of
from world.rights import EXACT, corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.dockerfile import READER
from magistrate.impact.privilege.engine import Turn, delta

CORPUS = corpus("dockerfile")


def rows(path):
    return rows_of(path, "dockerfile")


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
@given(st.text(alphabet="FROM USER RUN aA@:\\\n$<>{}\"'#=/-", max_size=80), st.sampled_from(rows(CORPUS)))
def test_any_text_is_read_or_unknown_and_never_an_error(noise, row):
    verify_reads_anything(READER, noise, row)


@pytest.mark.requirement("R28")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["RUN make", "ENV A=b", "LABEL a=b", "WORKDIR /x", "COPY a b", "CMD x"]), max_size=5))
def test_ordinary_instructions_move_no_right(lines):
    before = grants({"Dockerfile": "FROM a@sha256:1\nUSER app\n"})
    after = grants({"Dockerfile": "FROM a@sha256:1\n" + "".join(f"{line}\n" for line in lines) + "USER app\n"})
    assert delta(before, after) == ()


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    "path", ["Dockerfile", "a/Dockerfile.prod", "x.dockerfile", "Containerfile", "DOCKERFILE", "docker/Dockerfile-dev"]
)
def test_files_are_known_by_their_names(path):
    assert READER.reads(path)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("path", ["Dockerfile.md", "dockerfile.py", "src/dockerfile_reader.go", "notes/docker"])
def test_other_files_are_left_alone(path):
    assert not READER.reads(path)
