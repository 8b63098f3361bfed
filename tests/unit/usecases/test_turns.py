"""A warrant goes to one executor that asks for work, in turn; one that never took its warrant gives way."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.casework import CaseWorld

from magistrate.domain.lifecycle import CaseState
from magistrate.errors import Unavailable
from magistrate.usecases.polls import ASKING_SECONDS, Polls
from magistrate.usecases.settle import sweep
from magistrate.usecases.skew import executors_of
from magistrate.usecases.turns import another_asks, turn_of
from magistrate.wire.canonical import digest
from magistrate.wire.document import open_envelope
from magistrate.wire.warrant import WARRANT_SECONDS, Warrant

TYPO = {"notes.md": "# Notes\n\nThis service greets people.\n"}
S = CaseState
FOUR = ("a", "b", "c", "d")
SOME = st.lists(st.sampled_from(FOUR), unique=True)


@given(asking=SOME, before=st.sets(st.sampled_from(FOUR)), last=st.sampled_from(("", "gone", *FOUR)))
def test_whoever_asks_and_is_new_to_the_case_comes_first(asking, before, last):
    turn = turn_of(FOUR, asking, before, last)
    assert turn == turn_of(FOUR, list(asking), set(before), last)
    if set(asking) - before:
        assert turn.executor in set(asking) - before
    elif asking:
        assert turn.executor in asking
    assert turn.why


@given(asking=st.lists(st.sampled_from(FOUR), unique=True, min_size=1), rounds=st.integers(1, 5))
def test_those_that_ask_get_equally_many(asking, rounds):
    last, got = "", Counter[str]()
    for _ in range(rounds * len(asking)):
        last = turn_of(FOUR, asking, (), last).executor
        got[last] += 1
    assert got == dict.fromkeys(asking, rounds)


def test_nobody_is_nobody():
    with pytest.raises(Unavailable):
        turn_of((), (), (), "")


def test_a_question_is_old_after_some_seconds():
    polls = Polls()
    polls.asked("a", "", 100)
    assert [one.executor for one in polls.asking(("a", "b"), 100 + ASKING_SECONDS)] == ["a"]
    assert polls.asking(("a", "b"), 101 + ASKING_SECONDS) == ()
    assert polls.asking(("b",), 100) == (), "who is not of the roster does not count"


@pytest.fixture
def world(tmp_path):
    made = CaseWorld(tmp_path, executors=("executor", "executor-b"))
    yield made
    made.store.close()


def issued(world, case):
    """To whom the newest warrant of a case is made out, and why."""
    with world.store.transaction() as unit:
        envelope = unit.documents(Warrant.NAME, case.facts.proposal)[-1]
        told = [row.facts for row in unit.events(case.facts.proposal) if row.event == "warrant.issued"][-1]
    named = open_envelope(envelope, Warrant, deployment=world.deployment.name).body.executor
    assert told["executor"] == named
    return named, told["chosen"]


def lapsed(world, case):
    world.now += WARRANT_SECONDS
    asks(world, *world.asking)
    with world.store.transaction() as unit:
        roster, polls = world.trust.roster(), world.office.polls
        sweep(unit, world.now, lambda one: another_asks(unit, one, roster, polls, world.now))
    return world.case(case)


def asks(world, *names):
    world.asking = names
    for name in names:
        world.office.polls.asked(name, world.office.assessor(), world.now)


@pytest.mark.requirement("R56")
def test_the_one_that_asks_gets_it_and_the_record_says_why(world):
    _, second = executors_of(world.trust.roster())
    asks(world, second)
    case = world.issue(world.approve("ben", world.judged(TYPO)))
    assert issued(world, case) == (second, "the only one that asks for work")


@pytest.mark.requirement("R56")
def test_a_warrant_that_nobody_took_goes_to_the_other_executor_when_it_lapsed(world):
    first, second = executors_of(world.trust.roster())
    asks(world, first, second)
    case = world.issue(world.approve("ben", world.judged(TYPO)))
    assert issued(world, case) == (first, "its turn among 2 that ask for work")
    asks(world, second)  # the first is dead
    case = lapsed(world, case)
    assert case.standing.state is S.CLEARED
    case = world.issue(case)
    assert issued(world, case) == (second, "the only one that asks for work, the one before did nothing")
    assert lapsed(world, case).standing.state is S.EXPIRED, "both had their chance"


@pytest.mark.requirement("R56")
def test_where_no_other_asks_a_lapsed_warrant_ends_the_case(world):
    first, _ = executors_of(world.trust.roster())
    asks(world, first)
    case = world.issue(world.approve("ben", world.judged(TYPO)))
    assert lapsed(world, case).standing.state is S.EXPIRED


@pytest.mark.requirement("R55", "R56")
def test_of_two_executors_the_one_with_the_right_assessor_gets_it(world):
    first, second = executors_of(world.trust.roster())
    asks(world, first, second)
    world.office.polls.asked(first, digest(b"another version"), world.now)
    case = world.issue(world.approve("ben", world.judged(TYPO)))
    assert issued(world, case) == (second, "the only one that asks for work")
