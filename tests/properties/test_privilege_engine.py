"""The engine of privilege against counting: whatever it says of all requests holds for every one of a small world."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.impact.privilege import replay
from magistrate.impact.privilege.dimensions import Shown
from magistrate.impact.privilege.engine import Turn, delta
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Place, Span, Statement, Varying, Where
from magistrate.impact.privilege.patterns import arn, classes, glob, literal, matches
from magistrate.impact.privilege.search import found_only

pytestmark = pytest.mark.requirement("R28")

TEXTS = ["".join(signs) for size in range(3) for signs in product("ab:", repeat=size)]
WORLD: dict[str, list[Any]] = {
    "action": TEXTS,
    "resource": TEXTS,
    "port": list(range(-1, 6)),
    "key": [None, "a", "b", "ab"],
}
PATTERN = st.text("ab:*?", max_size=3)
GLOBS = st.one_of(PATTERN.map(glob), PATTERN.map(arn), st.text("ab:", max_size=2).map(literal))
VARYING = st.tuples(st.text("ab*", max_size=1), st.text("ab:", max_size=1)).map(
    lambda two: Varying((*glob(two[0]).tokens, "${who}", *two[1]))
)


def where(dimension: str, atoms: st.SearchStrategy, *, absent: bool = False) -> st.SearchStrategy:
    def built(among: list, negated: bool, missing: bool) -> Where:
        return Where(dimension=dimension, among=tuple(among), negated=negated, absent=missing if absent else None)

    return st.builds(built, st.lists(atoms, min_size=1, max_size=2), st.booleans(), st.booleans())


SPAN = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda two: Span(min(two), max(two)))
CONDITIONS = st.one_of(
    where("action", GLOBS), where("resource", GLOBS), where("port", SPAN), where("key", GLOBS, absent=True)
)
STATEMENT = st.builds(
    lambda conditions, allow: Statement(where=tuple(conditions), allow=allow),
    st.lists(CONDITIONS, max_size=3),
    st.sampled_from([True, True, True, False]),
)
LAYER = st.lists(STATEMENT, max_size=4).map(lambda found: Layer(statements=tuple(found)))
HELD = st.lists(LAYER, min_size=1, max_size=2).map(tuple)
SIDE = st.lists(HELD, min_size=1, max_size=2)


def requests() -> list[dict[str, Shown]]:
    names = list(WORLD)
    return [
        {name: Shown(value) for name, value in zip(names, values, strict=True)}
        for values in product(*(WORLD[name] for name in names))
    ]


EVERY = requests()


def counted(larger: Any, smaller: Any, values: dict[str, str] | None = None) -> list[dict[str, Shown]]:
    sample = random.Random(7).sample(EVERY, 900)
    return [
        one for one in sample if replay._any(larger, one, values or {}) and not replay._any(smaller, one, values or {})
    ]


@pytest.mark.slow
@given(SIDE, SIDE)
@settings(max_examples=120, deadline=None)
def test_what_is_found_replays_and_what_is_not_found_is_nowhere(larger, smaller):
    found = list(found_only(larger, smaller))
    for one in found:
        assert replay.shows(larger, smaller, one.request) is not None
    if not found:
        assert counted(larger, smaller) == []


@given(st.lists(GLOBS, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_the_kinds_of_strings_are_those_that_counting_finds(patterns):
    told = classes(patterns)
    seen = {sum(1 << at for at, pattern in enumerate(patterns) if matches(pattern, text)) for text in TEXTS}
    assert seen <= told.keys()
    for mask, text in told.items():
        assert mask == sum(1 << at for at, p in enumerate(patterns) if replay._expression(p.tokens).fullmatch(text))


@given(SIDE, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_place_and_words_make_no_difference(side, chance):
    def shuffled(layer: Layer) -> Layer:
        found = [
            Statement(where=one.where, allow=one.allow, place=Place(path="x", line=9), says="y")
            for one in layer.statements
        ]
        chance.shuffle(found)
        return Layer(statements=tuple(found + found[:1]))

    before = state(side)
    after = state([tuple(shuffled(layer) for layer in held) for held in side])
    assert delta(before, after) == ()


def state(side) -> Grants:
    holders = tuple(Holder(name=f"h{at}", domain="d", layers=layers) for at, layers in enumerate(side))
    edges = tuple(Edge(actor="a", holder=holder.name) for holder in holders)
    return Grants(holders=holders, edges=edges, live=frozenset({"a", "h0", "h1"}))


@given(HELD, STATEMENT)
@settings(max_examples=80, deadline=None)
def test_more_allowed_never_loses_and_more_denied_never_gains(held, statement):
    first = Layer(statements=(*held[0].statements, statement))
    turns = {change.turn for change in delta(state([held]), state([(first, *held[1:])]))}
    assert turns <= ({Turn.GAINS} if statement.allow else {Turn.LOSES})


@given(HELD, LAYER)
@settings(max_examples=60, deadline=None)
def test_a_boundary_only_takes_away(held, boundary):
    assert {change.turn for change in delta(state([held]), state([(*held, boundary)]))} <= {Turn.LOSES}
    assert {change.turn for change in delta(state([(*held, boundary)]), state([held]))} <= {Turn.GAINS}


@given(SIDE, SIDE)
@settings(max_examples=60, deadline=None)
def test_both_directions_are_mirror_images(one, other):
    there = {(c.turn, c.by) for c in delta(state(one), state(other))}
    back = {(c.turn, c.by) for c in delta(state(other), state(one))}
    mirror = {Turn.GAINS: Turn.LOSES, Turn.LOSES: Turn.GAINS, Turn.UNKNOWN: Turn.UNKNOWN}
    assert there == {(mirror[turn], by) for turn, by in back}


@pytest.mark.slow
@given(
    st.lists(st.one_of(GLOBS, VARYING), min_size=1, max_size=2),
    st.lists(st.one_of(GLOBS, VARYING), min_size=1, max_size=2),
)
@settings(max_examples=150, deadline=None)
def test_where_variables_gain_nothing_no_value_of_them_does(larger, smaller):
    sides = [
        [(Layer(statements=(Statement(where=(Where(dimension="resource", among=tuple(one)),)),)),)]
        for one in (larger, smaller)
    ]
    changes = delta(state(sides[1]), state(sides[0]))
    if not any(change.turn in {Turn.GAINS, Turn.UNKNOWN} for change in changes):
        for value in ("", "a", "b", "ab", ":", "a:b"):
            assert counted(sides[0], sides[1], {"${who}": value}) == []


def test_a_variable_that_a_deny_had_kept_apart_is_a_widening():
    """`home/* minus home/root/*` to `home/${user}/*`: the user `root` gains, and a fresh constant would not show it."""
    before = Layer(statements=(allow("home/*"), Statement(where=allow("home/root/*").where, allow=False)))
    after = Layer(
        statements=(Statement(where=(Where(dimension="r", among=(Varying((*"home/", "${u}", "/", "run")),)),)),)
    )
    gains = [one for one in delta(state([(before,)]), state([(after,)])) if one.turn is Turn.GAINS]
    assert [dict(one.values) for one in gains] == [{"${u}": "root"}]


def test_a_subfolder_of_the_same_variable_is_no_widening():
    wide, narrow = Varying((*"home/", "${u}", "/", "run")), Varying((*"home/", "${u}", *"/docs/", "run"))
    sides = [
        state([(Layer(statements=(Statement(where=(Where(dimension="r", among=(one,)),)),)),)])
        for one in (wide, narrow)
    ]
    assert {one.turn for one in delta(*sides)} == {Turn.LOSES}


def allow(pattern: str) -> Statement:
    return Statement(where=(Where(dimension="r", among=(glob(pattern),)),))


def test_a_right_that_nobody_reaches_is_latent_until_somebody_does():
    role = Holder(name="role", domain="d", layers=(Layer(statements=(allow("*"),)),))
    nothing, held = Grants(live=frozenset({"a"})), Grants(holders=(role,), live=frozenset({"a"}))
    assert delta(nothing, held) == ()
    reached = Grants(holders=(role,), edges=(Edge(actor="a", holder="role"),), live=frozenset({"a"}))
    assert {(one.turn, one.actor) for one in delta(nothing, reached)} == {(Turn.GAINS, "a")}
    assert {(one.turn, one.actor) for one in delta(held, reached)} == {(Turn.GAINS, "a")}


def test_rights_of_two_holders_are_not_thrown_together():
    """A deny of one role does not reach what another role of the same actor allows."""
    denied = (Layer(statements=(allow("*"), Statement(where=allow("x").where, allow=False))),)
    free = (Layer(statements=(allow("x"),)),)
    assert {one.turn for one in delta(state([denied]), state([denied, free]))} == {Turn.GAINS}


def test_glob_tokens_are_escaped_in_the_replay():
    assert replay._expression(("^",)).fullmatch("^")
    assert not replay._expression(("^",)).fullmatch("a")
    assert replay._expression(("]",)).fullmatch("]")
