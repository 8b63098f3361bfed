"""Chains written by hand, with what the last part must ask for reasoned before it was judged (R32, R33, R34)."""

from __future__ import annotations

import pytest
from corpus.chains_hand.cases import Hand, case_of, hand
from world.blind_chains import Ruled, rank, ruled

CHAINS = hand()
LAST_ALONE_ASKS_LESS = 12
"""So many of them have a part at the end that asks for fewer by itself than with the others."""


def judged(chain: Hand) -> list[Ruled]:
    """Every part."""
    return ruled(case_of(chain))


@pytest.mark.requirement("R32", "R33", "R34")
@pytest.mark.parametrize("chain", CHAINS, ids=lambda one: one.name)
def test_the_last_part_asks_for_no_fewer_than_all_of_it_and_a_calm_one_for_no_more(chain: Hand) -> None:
    parts = judged(chain)
    assert rank(parts[chain.last].whole) >= rank(chain.least), parts
    assert all(rank(one.whole) <= rank(chain.most) for one in parts[chain.last :]), parts


@pytest.mark.requirement("R32")
@pytest.mark.slow
def test_the_chains_say_something_about_judging_together() -> None:
    assert len(CHAINS) >= 50
    assert len({one.name for one in CHAINS}) == len(CHAINS)
    last = [judged(one)[one.last] for one in CHAINS if one.least == "two"]
    assert sum(rank(one.alone) < rank(one.whole) for one in last) >= LAST_ALONE_ASKS_LESS
