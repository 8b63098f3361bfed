"""What a person sees of a chain: how much is asked because of the whole, and which changes those are."""

import pytest

from magistrate.entrypoints.cli.cases import needs
from magistrate.entrypoints.cli.proofs import MAX_NAMED, chain_lines


def chain(members, landed):
    return {
        "members": members, "landed": landed, "strictness": "two", "alone": "one",
        "why": "with 1 that landed and 2 in flight by the same hands this comes to: ci_cd; a job gains a \x1b token",
    }  # fmt: skip


def digest(number):
    return "sha256:" + f"{number:012d}" + "0" * 52


@pytest.mark.requirement("R32", "R46")
def test_the_whole_and_its_members_are_shown():
    first, landed, flying = chain_lines(chain([digest(1), digest(2), digest(3)], 1))
    assert first.startswith("  together it asks for two, alone for one: with 1 that landed and 2 in flight")
    assert "\x1b" not in first
    assert landed == "    landed: 000000000001"
    assert flying == "    in flight: 000000000002, 000000000003"
    assert list(chain_lines(None)) == []


def test_of_many_the_last_are_named_and_the_rest_counted():
    (_, landed) = chain_lines(chain([digest(number) for number in range(MAX_NAMED + 5)], MAX_NAMED + 5))
    assert landed.endswith(f"0000000000{MAX_NAMED + 4} and 5 more")


def test_the_queue_says_that_others_count():
    row = {"state": "IN_REVIEW", "obligations": [{"have": 0, "count": 2, "role": None}], "together": 4}
    assert needs(row) == "0 of 2 any (with 4 more by the same hands)"
    assert needs({**row, "together": 0}) == "0 of 2 any"
    assert needs({"state": "SEALED", "obligations": [], "together": 4}) == ""
