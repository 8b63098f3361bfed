"""Each part of the search by which it stays small gives what counting gives: patterns, single values, questions in parts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.impact.privilege import dimensions, narrowing, replay, search, splitting
from magistrate.impact.privilege.fitting import value
from magistrate.impact.privilege.model import Layer, Span, Statement, Varying, Where
from magistrate.impact.privilege.patterns import (
    TooManyError,
    arn,
    classes,
    counted_classes,
    either_case,
    glob,
    literal,
    path,
)
from magistrate.impact.privilege.relations import cover, covers, meet, meets
from magistrate.impact.privilege.touching import FEW, Touched
from magistrate.impact.privilege.work import Work

pytestmark = pytest.mark.requirement("R28")

GLOBS = st.one_of(
    st.text("ab:/*?", max_size=5).flatmap(lambda text: st.sampled_from([glob(text), arn(text), path(text)])),
    st.text("ab:/", max_size=3).map(literal),
    st.text("aAb*", max_size=3).map(lambda text: either_case(glob(text))),
)
POOL = st.sampled_from(
    [*map(glob, ("a", "b", "ab", "a*", "*b", "*", "a*b*", "*ab", "?b", "*a*", "??")), either_case(literal("a"))]
)
SPANS = st.sampled_from([Span(0, 5), Span(2, 2), Span(3, 9)])
VARYING = st.sampled_from([Varying(("${who}",)), Varying(("a", "${who}")), Varying(("a", "${who}", "b"))])
ATOMS = {
    "action": POOL,
    "path": st.one_of(POOL, POOL, POOL, VARYING),
    "mixed": st.one_of(POOL, SPANS),
    "port": SPANS,
    "tags": POOL,
}
ABSENT = {"mixed", "tags"}


@st.composite
def wheres(draw: st.DrawFn, names: tuple[str, ...] = tuple(sorted(ATOMS))) -> Where:
    name = draw(st.sampled_from(names))
    return Where(
        dimension=name,
        among=tuple(draw(st.lists(ATOMS[name], min_size=1, max_size=4))),
        negated=draw(st.booleans()),
        absent=draw(st.sampled_from([None, True, False])) if name in ABSENT else None,
        each=draw(st.sampled_from([None, True, False])) if name == "tags" else None,
    )


STATEMENTS = st.builds(
    lambda found, allow: Statement(where=tuple(found), allow=allow),
    st.lists(wheres(), max_size=3),
    st.sampled_from([True, True, True, False]),
)
LAYERS = st.lists(STATEMENTS, min_size=1, max_size=4).map(lambda found: Layer(statements=tuple(found)))
HELD = st.lists(LAYERS, min_size=1, max_size=2).map(tuple)


@st.composite
def near(draw: st.DrawFn) -> tuple[tuple[Layer, ...], list[tuple[Layer, ...]]]:
    """A holder, and others of which the first shares statements with it, as an edited file does."""
    mine = draw(HELD)
    other = []
    for layer in mine:
        kept = [one for one in layer.statements if draw(st.booleans())]
        other.append(Layer(statements=(*kept, *draw(st.lists(STATEMENTS, max_size=2)))))
    return mine, [tuple(other), *draw(st.lists(HELD, max_size=1))]


@given(near())
@settings(max_examples=400, deadline=None)
@pytest.mark.slow
def test_a_question_in_as_many_parts_as_can_be_has_the_same_answer(question):
    mine, others = question
    shape = narrowing.shape_of([mine, *others])
    seeds = [one.where for one in mine[0].statements if one.allow]
    with pytest.MonkeyPatch.context() as patched:
        for seed in [(), *seeds]:
            plain = search._request(narrowing.Question(mine, tuple(others), seed), shape, Work())
            quick = search._first(seed, mine, others, shape, Work())
            patched.setattr(splitting, "MANY", 0)
            split = search._first(seed, mine, others, shape, Work())
            patched.setattr(search, "FEW_SETS", 0)
            apart = search._first(seed, mine, others, shape, Work())
            patched.undo()
            assert {found is None for found in (quick, split, apart)} == {plain is None}
            for found in (quick, split, apart):
                if found is not None and not any(shown.taken or shown.left for shown in found.values()):
                    assert replay.shows([mine], others, found) is not None


@pytest.mark.slow
@given(GLOBS, GLOBS)
@settings(max_examples=800, deadline=None)
def test_how_two_patterns_stand_is_what_their_classes_say(one, other):
    told = classes([one, other])
    assert meets(one, other) == meets(other, one) == (3 in told)
    if covers(one, other):
        assert 2 not in told
    elif other.literal is not None:
        assert 2 in told


@pytest.mark.slow
@given(GLOBS, st.lists(st.one_of(GLOBS, SPANS, VARYING), min_size=1, max_size=FEW + 6))
@settings(max_examples=400, deadline=None)
def test_patterns_in_an_order_are_told_as_one_by_one(atom, among):
    near = Touched(Where(dimension="d", among=tuple(among)))
    assert list(near.those(atom, Work())) == [one for one in among if meet(atom, one)]
    assert near.by(atom, Work()) == any(meet(atom, one) for one in among)
    assert near.covers(atom, Work()) == any(cover(one, atom) for one in among)


@pytest.mark.slow
@given(st.lists(GLOBS, min_size=1, max_size=4), st.data())
@settings(max_examples=400, deadline=None)
def test_classes_of_strings_that_match_something_are_those_among_all_classes(patterns, data):
    index = st.integers(0, len(patterns) - 1)
    groups = tuple(map(tuple, data.draw(st.lists(st.lists(index, min_size=1, max_size=2), max_size=2))))
    wanted = {mask for mask in classes(patterns) if all(any(mask >> at & 1 for at in group) for group in groups)}
    assert set(counted_classes(patterns, groups)[0]) == wanted


@pytest.mark.slow
@given(st.sampled_from(["action", "path", "mixed", "port"]), st.data())
@settings(max_examples=600, deadline=None)
def test_a_value_fits_where_some_kind_of_value_does(name, data):
    facts = tuple(dict.fromkeys(data.draw(st.lists(wheres((name,)), min_size=1, max_size=4))))
    mixed, optional = name == "mixed", name in ABSENT
    kept = narrowing.kept_shape(
        narrowing.Shape(many=frozenset(), optional=frozenset(ABSENT), mixed=frozenset({"mixed"})), name
    )
    told = dimensions.kinds((*facts, *([kept] if kept else [])), Work())
    every = (1 << len(facts)) - 1
    shown = value(facts, Work(), mixed=mixed, optional=optional)
    assert (shown is not None) == any(holds & every == every for holds, _ in told)
    if shown is not None and not shown.taken and not shown.left:
        assert all(replay._holds(where, shown, {}) for where in facts)


def box(*atoms):
    return [(Layer(statements=(Statement(where=(Where(dimension="r", among=tuple(atoms)),)),)),)]


def test_a_sign_that_no_pattern_names_is_found_however_many_are_named():
    """Where every sign that stands for others was named by a pattern, one of them stood for them all the same."""
    named = "xzqjkwvy0123456789abcdefghilmnoprstu\u00b7\u2600\u2601"
    before = box(*(glob(sign + "*") for sign in named))
    (found,) = search.found_only(box(glob("?*")), before)
    assert replay.shows(box(glob("?*")), before, found.request) is not None


def test_a_sign_whose_other_case_is_two_signs_has_no_other_case():
    assert list(search.found_only(box(literal("S")), box(either_case(literal("\u00df"))))) != []
    assert list(search.found_only(box(literal("A")), box(either_case(literal("a"))))) == []


def test_a_variable_is_no_sign_that_a_pattern_may_name():
    one, other = Varying(("${u}",)), Varying(("\ue000", "${v}"))
    assert not dimensions.follows(one, other)
    assert dimensions.follows(Varying(("a", "${u}")), Varying(("run", "${u}")))


def test_a_single_value_is_not_looked_for_without_end():
    barred = (Where(dimension="r", among=(glob("a" + "?" * 20), glob("?*a" + "?" * 20)), negated=True),)
    with pytest.raises(TooManyError):
        value((Where(dimension="r", among=(glob("*a" + "?" * 20),)), *barred), Work(), mixed=False, optional=False)
