"""The search with everything left out that cannot matter finds what the search over everything finds, in counted work."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.impact.privilege import dimensions, narrowing, search
from magistrate.impact.privilege.engine import Turn, delta
from magistrate.impact.privilege.model import Edge, Grants, Holder, Layer, Span, Statement, Varying, Where
from magistrate.impact.privilege.patterns import TooManyError, arn, either_case, glob, literal, matches, path
from magistrate.impact.privilege.relations import meet
from magistrate.impact.privilege.touching import Touched
from magistrate.impact.privilege.work import MAX_WORK, Work

pytestmark = pytest.mark.requirement("R28")

WORDS = st.text("ab:/", max_size=3)
GLOBS = st.one_of(
    st.text("ab/*?", max_size=3).flatmap(lambda text: st.sampled_from([glob(text), arn(text), path(text)])),
    WORDS.map(literal),
    WORDS.map(lambda text: either_case(literal(text))),
)
POOL = st.sampled_from([literal("a"), literal("b"), literal("ab"), glob("a*"), glob("*b"), glob("*")])
SPANS = st.sampled_from([Span(0, 5), Span(2, 2), Span(3, 9)])
VARYING = st.sampled_from([Varying(("${who}",)), Varying(("a", "${who}"))])
ATOMS = {"path": st.one_of(POOL, POOL, POOL, VARYING), "mixed": st.one_of(POOL, SPANS), "tags": POOL}


@st.composite
def wheres(draw: st.DrawFn) -> Where:
    name = draw(st.sampled_from(sorted(ATOMS)))
    return Where(
        dimension=name,
        among=tuple(draw(st.lists(ATOMS[name], min_size=1, max_size=2))),
        negated=draw(st.booleans()),
        absent=draw(st.sampled_from([None, True, False])) if name in {"mixed", "tags"} else None,
        each=draw(st.sampled_from([None, True, False])) if name == "tags" else None,
    )


STATEMENTS = st.builds(
    lambda found, allow: Statement(where=tuple(found), allow=allow),
    st.lists(wheres(), min_size=1, max_size=2),
    st.sampled_from([True, True, True, False]),
)
LAYERS = st.lists(STATEMENTS, min_size=1, max_size=3).map(lambda found: Layer(statements=tuple(found)))
HELD = st.lists(LAYERS, min_size=1, max_size=3).map(tuple)


@st.composite
def near(draw: st.DrawFn) -> tuple[tuple[Layer, ...], list[tuple[Layer, ...]]]:
    """A holder, and others of which the first shares layers and statements with it, as an edited file does."""
    mine = draw(HELD)
    other = [draw(st.sampled_from([layer, draw(LAYERS)])) for layer in mine]
    if draw(st.booleans()):
        at = draw(st.integers(0, len(other) - 1))
        other[at] = Layer(statements=(*mine[at].statements, draw(STATEMENTS)))
    return mine, [tuple(other), *draw(st.lists(HELD, max_size=1))]


@given(near())
@settings(max_examples=500, deadline=None)
@pytest.mark.slow
def test_what_is_left_out_makes_no_difference(question):
    mine, others = question
    shape = narrowing.shape_of([mine, *others])
    seeds = [one.where for one in mine[0].statements if one.allow]
    for seed in [(), *seeds]:
        try:
            plain = search._request(narrowing.Question(mine, tuple(others), seed), shape, Work())
        except TooManyError:
            continue
        quick = search._first(seed, mine, others, shape, Work())
        assert (quick is None) == (plain is None)


@pytest.mark.slow
@given(GLOBS, st.lists(GLOBS, min_size=1, max_size=4), st.text("ab", max_size=3))
@settings(max_examples=600, deadline=None)
def test_patterns_that_match_one_text_touch(pattern, others, text):
    fits = matches(pattern, text)
    for other in others:
        if fits and matches(other, text):
            assert meet(pattern, other)
            assert meet(other, pattern)
    told = Touched(Where(dimension="d", among=tuple(others))).by(pattern, Work())
    assert told == any(meet(pattern, other) for other in others)


def state(*statements: Statement, names: int = 1) -> Grants:
    holders = tuple(
        Holder(name=f"h{at}", domain="d", layers=(Layer(statements=(*statements, box(f"own{at}"))),))
        for at in range(names)
    )
    edges = tuple(Edge(actor=f"a{at}", holder=holder.name) for at, holder in enumerate(holders))
    return Grants(holders=holders, edges=edges, live=frozenset(edge.actor for edge in edges))


def box(*patterns: str, allow: bool = True) -> Statement:
    return Statement(where=(Where(dimension="r", among=tuple(map(glob, patterns))),), allow=allow)


HOSTILE = [f"*{chr(97 + at)}*{chr(98 + at)}*{at}*" for at in range(14)]
"""Each set of them matches some text."""


def one_way(sign: str) -> str:
    return f"*{sign}{'?' * 20}"


def another_way(sign: str) -> tuple[str, str]:
    """The same texts in two patterns: to see that, a million states of their automaton have to be walked."""
    return f"{sign}{'?' * 20}", f"?*{sign}{'?' * 20}"


HARD = (
    [box("*"), box(one_way("a"), allow=False), box(*another_way("b"), allow=False)],
    [box("*"), box(*another_way("a"), allow=False), box(one_way("b"), allow=False)],
)


@pytest.mark.slow
def test_patterns_of_which_each_set_matches_some_text_are_told_apart():
    before = [box("*x*", allow=False), *(box(one) for one in HOSTILE)]
    after = [*(box(one, f"{one}z") for one in HOSTILE)]
    assert {change.turn for change in delta(state(*before), state(*after))} == {Turn.GAINS}


@pytest.mark.slow
def test_patterns_that_are_slow_on_purpose_end_as_unknown_and_never_as_unchanged():
    assert {change.turn for change in delta(state(*HARD[0]), state(*HARD[1]))} == {Turn.UNKNOWN}


@pytest.mark.slow
def test_work_is_shared_by_all_actors_and_who_is_not_looked_at_is_unknown():
    work = Work()
    changes = delta(*(state(*found, names=30) for found in HARD), work=work)
    assert work.left < 0
    assert {change.turn for change in changes} == {Turn.UNKNOWN}
    told = sum(1 + change.also for change in changes if change.actor)
    assert told == 2 * (30 + 30)  # each actor, and each holder as it was, in both directions


@pytest.mark.parametrize("most", [0, 1, 10])
def test_without_work_a_gain_and_a_loss_are_unknown(most):
    turns = {change.turn for change in delta(state(box("a")), state(box("b*")), work=Work(most))}
    assert turns == {Turn.UNKNOWN}


@pytest.mark.parametrize("most", [0, 1, 3, 30, 300, 3_000])
def test_less_work_never_changes_an_answer_but_to_unknown(most):
    before, after = state(box("a*"), box("b?")), state(box("a*"), box("b?", "c"), box("ab", allow=False))
    whole = {change.turn for change in delta(before, after)}
    assert whole == {Turn.GAINS, Turn.LOSES}
    bounded = {change.turn for change in delta(before, after, work=Work(most))}
    assert bounded
    assert bounded <= whole | {Turn.UNKNOWN}
    assert Turn.UNKNOWN in bounded or bounded == whole


def test_what_is_remembered_is_counted_as_if_it_were_not():
    before, after = state(*(box(f"a{n}*", f"*{n}b") for n in range(20))), state(*(box(f"a{n}*") for n in range(20)))
    spent = []
    dimensions._kinds.cache_clear()
    for _ in range(2):
        work = Work()
        delta(before, after, work=work)
        spent.append(MAX_WORK - work.left)
    assert spent[0] == spent[1] > 0


def test_one_of_several_values_says_nothing_of_the_others():
    """A deny of whoever also has the tag `b` matters to whoever has the tag `a`."""

    def tagged(name: str, *, allow: bool = True, each: bool | None = None) -> Statement:
        return Statement(where=(Where(dimension="tags", among=(literal(name),), each=each),), allow=allow)

    free = (Layer(statements=(tagged("a"),)),)
    kept = (Layer(statements=(tagged("a"), tagged("b", allow=False, each=False))),)
    assert len(list(search.found_only([free], [kept]))) == 1
    assert list(search.found_only([kept], [free])) == []


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("a*", "ab*", True),
        ("*", "x", True),
        ("*ab", "*b", True),
        ("ab*c", "a*", True),
        ("a*", "b*", False),
        ("*a", "*b", False),
        ("ab", "a", False),
        ("a*z", "ab", False),
    ],
)
def test_patterns_touch_by_how_they_begin_and_end(one, other, both):
    assert meet(glob(one), glob(other)) is meet(glob(other), glob(one)) is both
    assert Touched(Where(dimension="d", among=(glob(other), glob("q*q")))).by(glob(one), Work()) is both
