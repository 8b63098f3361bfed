"""Chains written by someone who had not read how chains are found, judged at every part (R32, R34; AS-13, AS-20)."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from corpus.chains_blind.build import LABELS, cases, label_of
from world.blind_chains import (
    Ruled,
    asked_at_the_last,
    asked_in_time,
    begins_anew,
    raised,
    raised_by_links,
    rank,
    ruled,
)

KNOWN = tomllib.loads(LABELS.with_name("known_missed.toml").read_text())
SHARDS = 6
RAISED = 530
"""Of the parts of all controls, those that ask for two because of the others; who mends some lowers this number."""
RAISED_BY_LINKS = 136
"""Those among them that a link alone raised: nothing before them asked for two by itself. 103 of them ask again because two people
agreed to what lies at the other end of the link; that is what it costs not to forget it."""
WOKEN = ("comment-to-code-1", "comment-to-code-2", "comment-to-code-3", "comment-to-code-4", "install-script-2")
"""Chains in which two people agreed to a part in between because of the whole."""
QUIET = ("comment-to-code-0",)
"""Chains whose last part asks for one alone and for two with the others."""


@cache
def made() -> tuple[dict[str, Any], ...]:
    return tuple(cases())


def strict() -> Iterator[dict[str, Any]]:
    return (case for case in made() if case["label"] != "harmless")


def verify_known(cases_of: list[dict[str, Any]], found: dict[str, list[Ruled]]) -> None:
    """What is missed among these is what is known to be missed, no more and no less."""
    names = {case["id"] for case in cases_of}
    late = {case["id"] for case in cases_of if not asked_in_time(case, found[case["id"]])}
    last = {case["id"] for case in cases_of if not asked_at_the_last(case, found[case["id"]])}
    assert late == names & set(KNOWN["in_time"])
    assert last == names & set(KNOWN["last"])


@pytest.mark.requirement("R32")
def test_the_labels_are_those_that_were_written_before_anything_was_judged():
    assert [json.loads(line) for line in LABELS.read_text().splitlines()] == [label_of(case) for case in made()]
    chains = list(strict())
    assert len(chains) >= 100
    assert len(made()) - len(chains) >= 200
    assert {len(case["parts"]) for case in chains} == set(range(2, 21))
    assert sum(len({part["repository"] for part in case["parts"]}) > 1 for case in chains) >= 50
    assert set(KNOWN["in_time"]) | set(KNOWN["last"]) <= {case["id"] for case in chains}


@pytest.mark.requirement("R32")
@pytest.mark.parametrize("name", QUIET)
def test_a_last_part_that_asks_one_alone_asks_two_with_what_landed(name):
    (case,) = [one for one in made() if one["id"] == name]
    parts = ruled(case)
    last = parts[case["completes"]]
    assert rank(last.alone) < rank(case["label"])
    assert asked_at_the_last(case, parts)
    apart = [replace(one, whole=one.alone) for one in parts]
    assert not asked_at_the_last(case, apart), "who judges each part alone is caught by this harness"
    only_the_last = [replace(one, whole=one.alone) for one in parts if one is last]
    assert not asked_in_time({**case, "completes": 0}, only_the_last)


@pytest.mark.requirement("R32", "R34")
@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_blind_chain_is_caught_before_its_last_part(shard):
    chosen = list(strict())[shard::SHARDS]
    found = {case["id"]: ruled(case) for case in chosen}
    verify_known(chosen, found)
    for case in chosen:
        assert asked_at_the_last(case, found[case["id"]]), case["id"]


@pytest.mark.requirement("R32", "R33")
@pytest.mark.parametrize("name", WOKEN)
def test_a_last_part_that_wakes_what_two_agreed_to_asks_two(name):
    (case,) = [one for one in made() if one["id"] == name]
    parts = ruled(case)
    assert begins_anew(case, parts)
    assert rank(parts[case["completes"]].alone) < rank(case["label"])
    assert asked_at_the_last(case, parts)


@pytest.mark.requirement("R32")
@pytest.mark.slow
def test_no_more_controls_are_raised_than_are_known():
    controls = [ruled(case) for case in made() if case["label"] == "harmless"]
    assert sum(len(raised(parts)) for parts in controls) <= RAISED
    assert sum(len(raised_by_links(parts)) for parts in controls) <= RAISED_BY_LINKS
