"""Simulated estates: every principal that is shared, and every credential that reaches too far, is named (R64, R67)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from magistrate.authority.estate import (
    became,
    estate_of,
    shared_principals,
    verify_estate,
    verify_single_action,
    weak_because,
    weak_places,
)
from magistrate.domain.estate import Actor, ActorKind, EstateMap
from magistrate.errors import Refused
from magistrate.wire.policy_bundle import Estate, EstateActor, EstatePrincipal, PolicyBundle, RepositoryPolicy

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


def ends(estate: EstateMap, start: str) -> set[str]:
    """Every principal that one may become, by adding edges until nothing is new: the independent closure."""
    found = {start}
    while more := {other for one in found for other in estate.becomes.get(one, ())} - found:
        found |= more
    return found


def by_hand(estate: EstateMap) -> set[str]:
    """What is shared, by trying every pair of actors: the independent check."""
    found = set()
    for one, other in combinations(sorted(estate.acts_as), 2):
        mine = {end for start in estate.acts_as[one] for end in ends(estate, start)}
        theirs = {end for start in estate.acts_as[other] for end in ends(estate, start)}
        if {one.kind, other.kind} != {ActorKind.WORKLOAD, ActorKind.ENVIRONMENT}:
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
        (("workload", "web"), ("workload", "jobs"), "workload `jobs`, workload `web`"),
        (("environment", "dev"), ("environment", "prod"), "environment `dev`, environment `prod`"),
        (("person", "ann"), ("person", "bob"), "person `ann`, person `bob`"),
        (("agent", "x"), ("executor", "y"), "agent `x`, executor `y`"),
        (("agent", "x"), ("workload", "web"), "agent `x`, workload `web`"),
        (("person", "ann"), ("workload", "web"), "person `ann`, workload `web`"),
        (("executor", "y"), ("workload", "web"), "executor `y`, workload `web`"),
        (("executor", "y"), ("environment", "prod"), "environment `prod`, executor `y`"),
        (("person", "ann"), ("environment", "prod"), "environment `prod`, person `ann`"),
    ],
)
def test_each_way_of_sharing_is_named(one: tuple[str, str], other: tuple[str, str], why: str) -> None:
    estate = EstateMap(
        acts_as={actor(*one): frozenset({"p"}), actor(*other): frozenset({"q"})}, becomes={"q": frozenset({"p"})}
    )
    (found,) = shared_principals(estate)
    assert (found.principal, why in found.why) == ("p", True)


@pytest.mark.requirement("R64")
def test_a_workload_and_the_environment_that_it_runs_in_are_one() -> None:
    run = {actor("workload", "web"): frozenset({"p"}), actor("environment", "prod"): frozenset({"p"})}
    assert shared_principals(EstateMap(acts_as=run)) == ()
    for more in (actor("workload", "jobs"), actor("environment", "dev"), actor("executor")):
        (found,) = shared_principals(EstateMap(acts_as={**run, more: frozenset({"p"})}))
        assert len(found.actors) == 3


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


@pytest.mark.slow
@pytest.mark.requirement("R67")
@settings(max_examples=300, deadline=None)
@given(ESTATES, st.sampled_from(PRINCIPALS), st.frozensets(st.sampled_from(RESOURCES), min_size=1))
def test_no_credential_that_reaches_beyond_passes(estate: EstateMap, principal: str, boundary: frozenset[str]) -> None:
    everything = {found for end in ends(estate, principal) for found in estate.reaches[end]}
    wide = not everything <= boundary or not by_hand(estate).isdisjoint(ends(estate, principal))
    try:
        verify_single_action(estate, principal, boundary)
    except Refused:
        assert wide
    else:
        assert not wide


@pytest.mark.slow
@pytest.mark.requirement("R64")
@settings(max_examples=200, deadline=None)
@given(ESTATES, st.sampled_from(PRINCIPALS))
def test_each_way_that_is_named_is_a_way(estate: EstateMap, start: str) -> None:
    ways = became(estate, start)
    assert set(ways) == ends(estate, start)
    for end, way in ways.items():
        assert (way[0], way[-1]) == (start, end)
        assert all(after in estate.becomes[before] for before, after in pairwise(way))


SHOP = RepositoryPolicy(
    repository="shop", ref="refs/heads/main", environment="staging", production=False, checks=(), verification=()
)
PAY = RepositoryPolicy(
    repository="pay", ref="refs/heads/main", environment="live", production=False, checks=(), verification=()
)


def policy(
    *actors: tuple[str, str, str],
    principals: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] | None = None,
    repositories: tuple[RepositoryPolicy, ...] = (SHOP, PAY),
) -> PolicyBundle:
    """A policy whose estate has these actors (kind, name, principal) and principals (becomes, reaches)."""
    estate = Estate(
        actors=tuple(EstateActor(kind=ActorKind(kind), name=name, acts_as=(one,)) for kind, name, one in actors),
        principals=tuple(
            EstatePrincipal(name=name, becomes=becomes, reaches=reaches)
            for name, (becomes, reaches) in (principals or {}).items()
        ),
    )
    return PolicyBundle(
        version=1, previous=None, schema="", policies=(), commands=(), repositories=repositories, estate=estate
    )


@pytest.mark.requirement("R64", "R67")
def test_a_push_that_starts_ci_in_its_own_environment_is_a_single_action() -> None:
    only = policy(principals={"gate:shop": (("ci-token",), ()), "ci-token": ((), ("environment:staging",))})
    assert weak_because(only, SHOP) == ()
    assert weak_because(policy(), SHOP) == ()


WEAK = {
    "the token of CI is an agent's too": (
        policy(("workload", "ci", "pat"), ("agent", "fixer", "pat"), principals={"pat": ((), ("repository:shop",))}),
        "`pat` is used by agent `fixer`, workload `ci`",
    ),
    "a shared account whose reach nobody declared": (
        policy(("workload", "ci", "pat"), ("person", "ann", "pat")),
        "what `pat` reaches is not declared",
    ),
    "two environments run as one account": (
        policy(("environment", "staging", "sa"), ("environment", "live", "sa"), principals={"sa": ((), ("db",))}),
        "environment `live`, environment `staging`",
    ),
    "a push starts a pipeline that deploys everywhere": (
        policy(principals={"gate:shop": (("ci",), ()), "ci": ((), ("environment:staging", "environment:live"))}),
        "`gate:shop` -> `ci` -> `environment:live`",
    ),
    "a push starts what nobody described": (
        policy(principals={"gate:shop": (("ci",), ())}),
        "what `ci` reaches is not in the map",
    ),
    "one step away from the push an agent is the same account": (
        policy(
            ("agent", "fixer", "ci"),
            principals={"gate:shop": (("ci",), ()), "ci": ((), ("environment:staging",))},
        ),
        "`ci` is used by agent `fixer`, executor `executor`",
    ),
    "two steps away a workload is": (
        policy(
            ("workload", "web", "deep"),
            principals={"gate:shop": (("ci",), ()), "ci": (("deep",), ()), "deep": ((), ())},
        ),
        "`gate:shop` -> `ci` -> `deep`",
    ),
    "an agent alone may change the repository": (
        policy(("agent", "fixer", "bot"), principals={"bot": (("deploy",), ()), "deploy": ((), ("repository:shop",))}),
        "agent `fixer` may change this place: `bot` -> `deploy` -> `repository:shop`",
    ),
    "what an agent reaches is not declared": (
        policy(("agent", "fixer", "bot")),
        "agent `fixer` may change this place: `bot`, and what `bot` reaches is not declared",
    ),
    "the executor's own account is a workload's": (
        policy(("executor", "executor", "runner"), ("workload", "ci", "runner"), principals={"runner": ((), ("repository:shop",))}),
        "executor `executor`, workload `ci`",
    ),
    "somebody else may act as the gate's principal": (
        policy(("person", "ann", "gate:shop")),
        "`gate:shop` is used by executor `executor`, person `ann`",
    ),
}  # fmt: skip


@pytest.mark.requirement("R64", "R67")
@pytest.mark.parametrize("name", WEAK)
def test_each_weak_estate_is_for_analysis_only_with_the_edge_named(name: str) -> None:
    bundle, said = WEAK[name]
    assert any(said in why for why in weak_because(bundle, SHOP)), weak_because(bundle, SHOP)


@pytest.mark.requirement("R64")
def test_an_account_that_is_shared_elsewhere_is_no_reason_here() -> None:
    elsewhere = policy(
        ("workload", "a", "sa"), ("workload", "b", "sa"), ("agent", "fixer", "reads"),
        principals={"sa": ((), ("repository:pay",)), "reads": ((), ("wiki",))},
    )  # fmt: skip
    assert weak_because(elsewhere, SHOP) == ()
    assert "`sa` -> `repository:pay`" in weak_because(elsewhere, PAY)[0]


@pytest.mark.requirement("R67")
def test_the_boundary_of_an_action_can_be_declared_wider_and_no_wider() -> None:
    map_ = {"gate:shop": (("ci",), ()), "ci": ((), ("environment:staging", "bucket"))}
    assert "`bucket`" in weak_because(policy(principals=map_), SHOP)[0]
    wide = structs.replace(SHOP, boundary=("bucket",))
    assert weak_because(policy(principals=map_, repositories=(wide,)), wide) == ()


@pytest.mark.requirement("R64")
def test_production_needs_somebody_to_declare_the_estate() -> None:
    live = structs.replace(SHOP, production=True)
    said = policy(repositories=(live,))
    assert weak_because(said, live) == ()
    unsaid = structs.replace(said, estate=None)
    assert "production needs a declared estate" in weak_because(unsaid, live)[0]
    assert weak_because(structs.replace(said, estate=None, repositories=(SHOP,)), SHOP) == ()


@pytest.mark.requirement("R64", "R67")
def test_every_place_at_once_says_the_same_as_one_by_one() -> None:
    for bundle, _ in WEAK.values():
        assert weak_places(bundle) == {r.repository: weak_because(bundle, r) for r in bundle.repositories}


@pytest.mark.requirement("R64", "R67")
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_declaring_more_never_makes_a_place_less_weak(data: st.DataObject) -> None:
    names = ["gate:shop", "p", "q", "agent-reads"]
    drawn = data.draw(
        st.lists(st.tuples(st.sampled_from(list(ActorKind)), st.sampled_from("ab"), st.sampled_from(names)), max_size=5)
    )
    reach = st.lists(st.sampled_from(["repository:shop", "environment:live", "db"]), max_size=2).map(tuple)
    known = {name: ((), data.draw(reach)) for name in names if data.draw(st.booleans())}
    before = policy(*dict.fromkeys(drawn[:-1]), principals=known)
    after = policy(*dict.fromkeys(drawn), principals=known)
    assert bool(weak_because(before, SHOP)) <= bool(weak_because(after, SHOP))


@pytest.mark.requirement("R64")
def test_what_is_declared_twice_is_refused() -> None:
    row = EstateActor(kind=ActorKind.AGENT, name="x", acts_as=())
    lone = EstatePrincipal(name="p", becomes=(), reaches=())
    verify_estate(Estate(actors=(row,), principals=(lone,)))
    for twice in (Estate(actors=(row, row), principals=()), Estate(actors=(), principals=(lone, lone))):
        with pytest.raises(Refused, match="twice") as refused:
            verify_estate(twice)
        assert refused.value.code == "MAG-E108"


def test_the_map_holds_what_magistrate_hands_out_itself() -> None:
    found = estate_of(policy())
    assert found.acts_as[actor("executor", "executor")] == {"gate:shop", "gate:pay"}
    assert found.reaches["gate:shop"] == {"repository:shop"}
