"""Compose files as boxes: against a corpus written from the documentation."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.brute_force import verdict_of
from world.rights import corpus, found_by, rows_of, verify_reads_anything

from magistrate.impact.privilege.domains.compose import READER
from magistrate.impact.privilege.engine import delta

CORPUS = corpus("compose")
KEYS = ("privileged: true", "cap_drop: [ALL]", "pid: host", "read_only: true", "ports: ['80:80']", "network_mode: none")


def rows(path):
    return rows_of(path, "compose")


def grants(files):
    return found_by(READER, files)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize("row", rows(CORPUS), ids=lambda row: row["id"])
def test_every_pair_of_the_corpus_has_its_verdict(row):
    assert verdict_of(delta(grants(row["before"]), grants(row["after"]))) == row["expected"], row["why"]


@pytest.mark.requirement("R28")
@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="services:\n  a:{}[]&*<>|\"'$!", max_size=80), st.sampled_from(rows(CORPUS)))
def test_any_text_is_read_or_unknown_and_never_an_error(noise, row):
    verify_reads_anything(READER, noise, row)


def service(lines):
    return grants(
        {"compose.yml": "services:\n  a:\n    image: x@sha256:1\n" + "".join(f"    {one}\n" for one in lines)}
    )


@pytest.mark.requirement("R28")
def test_the_order_of_keys_means_nothing():
    for count in range(len(KEYS) + 1):
        for chosen in itertools.combinations(KEYS, count):
            assert delta(service(chosen), service(reversed(chosen))) == ()


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    "path", ["compose.yml", "docker-compose.yaml", "a/docker-compose.prod.yml", "docker-stack.yml"]
)
def test_files_are_known_by_their_names(path):
    assert READER.reads(path)


@pytest.mark.requirement("R28")
def test_a_file_of_aliases_upon_aliases_is_unknown_in_bounded_time():
    lines = ["x0: &a0 [1,1,1,1,1,1,1,1,1,1]", *(f"x{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))]
    assert grants({"compose.yml": "\n".join(lines)}).unknown
