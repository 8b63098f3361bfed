"""What one actor's question found is used for the next: never where that actor reaches something else."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.impact.privilege.answers import Answers
from magistrate.impact.privilege.dimensions import Shown
from magistrate.impact.privilege.engine import Turn, delta
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Span, Statement, Where, literals
from magistrate.impact.privilege.narrowing import shape_of
from magistrate.impact.privilege.patterns import literal
from magistrate.impact.privilege.search import found_only
from magistrate.impact.privilege.work import Work

pytestmark = pytest.mark.requirement("R28")

READ, WRITE = Statement(where=(literals("action", "read"),)), Statement(where=(literals("action", "write"),))
VALUES = ("a", "b", "c")
NAMES = ("one", "two", "three")


def holder(*statements: Statement) -> tuple[Layer, ...]:
    return (Layer(statements=statements),)


def asked(mine, before, answers: Answers) -> list[Statement]:
    return [one.by for one in found_only([mine], before, Work(), answers)]


def test_what_went_past_less_is_asked_again_where_more_stands_in_the_way() -> None:
    answers, mine = Answers(), holder(READ)
    assert asked(mine, [holder(WRITE)], answers) == [READ]
    assert asked(mine, [holder(WRITE), holder(Statement(where=()))], answers) == []


def test_what_went_past_nothing_is_asked_again_where_less_stands_in_the_way() -> None:
    answers, mine = Answers(), holder(READ)
    assert asked(mine, [holder(Statement(where=())), holder(WRITE)], answers) == []
    assert asked(mine, [holder(WRITE)], answers) == [READ]
    assert asked(mine, [holder(Statement(where=())), holder(WRITE), holder(READ, WRITE)], answers) == []


def test_other_kinds_of_values_are_another_question() -> None:
    """Where every request has a value, "a" or not "a" is all there is; where it may have none, it is not."""
    plain, other = literals("key", "a"), literals("key", "a", negated=True)
    optional = holder(Statement(where=(Where(dimension="key", among=plain.among, absent=False),)))
    first, second = holder(Statement(where=(plain,))), holder(Statement(where=(other,)))
    one = shape_of([first, second])
    known = Answers()
    known.learn(("mine", None), frozenset({"x"}), one, None)
    assert known.is_none(("mine", None), frozenset({"x", "y"}), one)
    assert not known.is_none(("mine", None), frozenset({"x", "y"}), shape_of([first, second, optional]))
    assert not known.is_none(("mine", READ), frozenset({"x", "y"}), one)
    assert not known.is_none(("mine", None), frozenset({"y"}), one)


def test_a_request_is_made_whole_before_it_is_asked_again() -> None:
    """What the first question did not speak of has some value in the second: none at all is no value."""
    answers, mine = Answers(), holder(READ)
    answers.learn((0, READ), frozenset(), shape_of([mine]), {"action": Shown("read")})
    either = [holder(Statement(where=(literals("key", "a", negated=no),))) for no in (False, True)]
    assert answers.again((0, READ), mine, either, Work()) is None
    number = [holder(Statement(where=(Where(dimension="port", among=(Span(5, 9),)),)))]
    found = answers.again((0, READ), mine, number, Work())
    assert found is not None
    assert found["port"].text == 0


def test_actors_that_reach_other_things_are_told_apart() -> None:
    before = Grants(
        holders=(
            Holder(name="role", domain="d", layers=holder(READ)),
            Holder(name="all", domain="d", layers=holder(Statement(where=()))),
        ),
        edges=(Edge(actor="a", holder="role"), Edge(actor="b", holder="role"), Edge(actor="b", holder="all")),
        live=frozenset({"a", "b"}),
    )
    role = Holder(name="role", domain="d", layers=holder(READ, WRITE))
    after = Grants(holders=(role, before.holders[1]), edges=before.edges, live=before.live)
    gains = [one for one in delta(before, after) if one.turn is Turn.GAINS]
    assert [(one.actor, one.also) for one in gains] == [("a", 1)]  # the role itself is the other


WHERES = st.builds(
    lambda name, values, negated: literals(name, *values, negated=negated),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(VALUES[:2]), min_size=1, max_size=2, unique=True),
    st.booleans(),
)
STATEMENTS = st.builds(
    lambda where, allow: Statement(where=tuple(where), allow=allow), st.lists(WHERES, max_size=2), st.booleans()
)
LAYERS = st.builds(lambda some: Layer(statements=tuple(some)), st.lists(STATEMENTS, min_size=1, max_size=3))
HOLDERS = st.builds(tuple, st.lists(LAYERS, min_size=1, max_size=2))


def allows(layers, request) -> bool:
    def speaks(one: Statement) -> bool:
        return all(
            any(atom == literal(request[where.dimension]) for atom in where.among) is not where.negated
            for where in one.where
        )

    return all(
        any(speaks(one) for one in layer.statements if one.allow)
        and not any(speaks(one) for one in layer.statements if not one.allow)
        for layer in layers
    )


@settings(max_examples=60, deadline=None)
@given(mine=HOLDERS, others=st.lists(st.lists(HOLDERS, max_size=3), min_size=2, max_size=4))
def test_every_actor_has_the_answer_that_it_would_have_alone(mine, others) -> None:
    answers = Answers()
    for before in others:
        really = any(
            allows(mine, request) and not any(allows(held, request) for held in before)
            for values in product(VALUES, repeat=len(NAMES))
            for request in [dict(zip(NAMES, values, strict=True))]
        )
        assert bool(asked(mine, before, answers)) is really
