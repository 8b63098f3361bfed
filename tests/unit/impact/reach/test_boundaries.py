"""Simulated estates: every principal that is shared, and every credential that reaches too far, is named (R64, R67)."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.errors import Refused
from magistrate.impact.reach.boundaries import (
    Actor,
    ActorKind,
    EstateMap,
    became,
    shared_principals,
    verify_single_action,
)

ACTORS = [Actor(kind=kind, name=name) for kind in ActorKind for name in ("a", "b")]
PRINCIPALS = ["p", "q", "r", "s"]
RESOURCES = ["db", "bucket", "queue"]
ESTATES = st.builds(
    EstateMap,
    acts_as=st.dictionaries(st.sampled_from(ACTORS), st.frozensets(st.sampled_from(PRINCIPALS), min_size=1)),
    becomes=st.dictionaries(st.sampled_from(PRINCIPALS), st.frozensets(st.sampled_from(PRINCIPALS))),
    reaches=st.fixed_dictionaries({one: st.frozensets(st.sampled_from(RESOURCES)) for one in PRINCIPALS}),
)


def actor(kind: str, name: str = "x") -> Actor:
    return Actor(kind=ActorKind(kind), name=name)


def clean(**more: frozenset[str]) -> EstateMap:
    return EstateMap(
        acts_as={
            actor("workload", "web"): frozenset({"sa-web"}), actor("workload", "jobs"): frozenset({"sa-jobs"}),
            actor("agent"): frozenset({"sa-agent"}), actor("executor"): frozenset({"sa-exec"}),
            actor("person", "ann"): frozenset({"ann"}),
        },
        becomes=more,
        reaches={
            "sa-web": frozenset({"db"}), "sa-jobs": frozenset({"queue"}), "sa-agent": frozenset(),
            "sa-exec": frozenset({"repository"}), "ann": frozenset(), "admin": frozenset({"db", "backups"}),
        },
    )  # fmt: skip


def by_hand(estate: EstateMap) -> set[str]:
    """What is shared, by trying every pair of actors: the independent check."""
    found = set()
    for one, other in combinations(sorted(estate.acts_as), 2):
        mine = {end for start in estate.acts_as[one] for end in became(estate, start)}
        theirs = {end for start in estate.acts_as[other] for end in became(estate, start)}
        kinds = {one.kind, other.kind}
        if len(kinds) == 1 or kinds & {ActorKind.AGENT, ActorKind.PERSON}:
            found |= mine & theirs
    return found


@pytest.mark.requirement("R64")
@settings(max_examples=300, deadline=None)
@given(ESTATES)
def test_no_shared_principal_of_any_estate_is_missed_or_invented(estate: EstateMap) -> None:
    assert {one.principal for one in shared_principals(estate)} == by_hand(estate)


@pytest.mark.requirement("R64")
def test_an_estate_with_one_principal_each_shares_none() -> None:
    assert shared_principals(clean()) == ()


@pytest.mark.requirement("R64")
@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (("workload", "web"), ("workload", "jobs"), "more than one workload"),
        (("environment", "dev"), ("environment", "prod"), "more than one environment"),
        (("person", "ann"), ("person", "bob"), "more than one person"),
        (("agent", "x"), ("executor", "y"), "an agent is"),
        (("agent", "x"), ("workload", "web"), "an agent is"),
        (("person", "ann"), ("workload", "web"), "a person is"),
    ],
)
def test_each_way_of_sharing_is_named(one: tuple[str, str], other: tuple[str, str], why: str) -> None:
    estate = EstateMap(
        acts_as={actor(*one): frozenset({"p"}), actor(*other): frozenset({"q"})}, becomes={"q": frozenset({"p"})}
    )
    (found,) = shared_principals(estate)
    assert (found.principal, why in found.why) == ("p", True)


@pytest.mark.requirement("R67")
def test_a_credential_that_reaches_more_is_refused_with_the_edge() -> None:
    verify_single_action(clean(), "sa-exec", frozenset({"repository"}))
    over = clean(**{"sa-exec": frozenset({"admin"})})
    with pytest.raises(Refused, match="`sa-exec` -> `admin` -> `backups`") as refused:
        verify_single_action(over, "sa-exec", frozenset({"repository"}))
    assert refused.value.code == "MAG-E256"


@pytest.mark.requirement("R67")
@pytest.mark.parametrize(
    ("principal", "boundary", "why"),
    [
        ("nobody", {"repository"}, "names no boundary"),
        ("sa-exec", set(), "names no boundary"),
        ("sa-web", {"queue"}, "reaches more than this action"),
    ],
)
def test_what_the_map_does_not_say_is_not_single(principal: str, boundary: set[str], why: str) -> None:
    with pytest.raises(Refused, match=why):
        verify_single_action(clean(), principal, frozenset(boundary))
    lost = clean(**{"sa-exec": frozenset({"unmapped"})})
    with pytest.raises(Refused, match="is not in the map"):
        verify_single_action(lost, "sa-exec", frozenset({"repository"}))


@pytest.mark.requirement("R67")
@settings(max_examples=300, deadline=None)
@given(ESTATES, st.sampled_from(PRINCIPALS), st.frozensets(st.sampled_from(RESOURCES), min_size=1))
def test_no_credential_that_reaches_beyond_passes(estate: EstateMap, principal: str, boundary: frozenset[str]) -> None:
    everything = {found for end in became(estate, principal) for found in estate.reaches[end]}
    wide = not everything <= boundary or principal in by_hand(estate)
    try:
        verify_single_action(estate, principal, boundary)
    except Refused:
        assert wide
    else:
        assert not wide
