"""Which version of a provider runs: the reader's words against a picker of its own, over versions and constraints by chance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.impact.privilege.domains.terraform_versions import PART, versions

pytestmark = pytest.mark.requirement("R28")
SMALL = st.integers(0, 3)
VERSION = st.tuples(SMALL, SMALL, SMALL)
SIGN = st.sampled_from(["", "=", "!=", ">", ">=", "<", "<=", "~>"])
ONE = st.tuples(SIGN, st.lists(SMALL, min_size=1, max_size=3))
ALL = st.lists(ONE, max_size=3)


def lets_in(one, version) -> bool:
    """As HashiCorp's documentation says it, part by part."""
    sign, given_parts = one
    wanted = tuple([*given_parts, 0, 0][:3])
    if sign == "~>":
        kept = len(given_parts) - 1
        return version[:kept] == wanted[:kept] and version >= wanted
    answers = {
        "": version == wanted, "=": version == wanted, "!=": version != wanted, ">": version > wanted,
        ">=": version >= wanted, "<": version < wanted, "<=": version <= wanted,
    }  # fmt: skip
    return answers[sign]


def text_of(constraints) -> str:
    return ", ".join(f"{sign} {'.'.join(map(str, parts))}" for sign, parts in constraints)


def newest(constraints, pool):
    return max((one for one in pool if all(lets_in(each, one) for each in constraints)), default=None)


@given(ALL, st.sets(VERSION, max_size=12))
def test_the_bounds_keep_out_only_what_the_constraints_keep_out(constraints, pool):
    told = versions([text_of(constraints)])
    for one in pool:
        number = (one[0] * PART + one[1]) * PART + one[2]
        bounded = [each for each in constraints if each[0] not in {"", "=", "!="}]
        assert (told.low <= number < told.high) is all(lets_in(each, one) for each in bounded)


@given(ALL, ALL, st.sets(VERSION, max_size=12))
def test_what_is_no_gain_never_brings_another_newest_version(before, after, pool):
    old, new = versions([text_of(before)]), versions([text_of(after)])
    if old.otherwise == new.otherwise and old.low <= new.low:
        assert newest(after, pool) in {newest(before, pool), None}


@given(ALL, ALL, SMALL, st.sets(VERSION, max_size=12))
def test_a_higher_lowest_version_alone_is_no_gain(before, more, low, pool):
    old, new = versions([text_of(before)]), versions([text_of(before), f">= {low}"])
    assert old.otherwise == new.otherwise
    assert old.low <= new.low
    assert newest([*before, (">=", [low])], pool) in {newest(before, pool), None}
    assert versions([text_of(before), text_of(more)]) == versions([text_of(more), text_of(before)])


@given(ALL, st.sets(VERSION, max_size=12))
def test_the_span_that_is_told_holds_every_version_that_is_let_in(constraints, pool):
    low, high = versions([text_of(constraints)]).span
    for one in pool:
        if all(lets_in(each, one) for each in constraints):
            assert low <= (one[0] * PART + one[1]) * PART + one[2] <= high
