"""Stages as policy gives them: what can be one, and how the place of a deployment is ruled (R5, R67)."""

from __future__ import annotations

import msgspec
import pytest
from world.deployment import make_deployment

from magistrate.authority.estate import weak_places, weak_stages
from magistrate.authority.stages import staged, verify_stages
from magistrate.domain.estate import ActorKind
from magistrate.errors import Refused
from magistrate.wire.policy_bundle import (
    Estate,
    EstateActor,
    EstatePrincipal,
    HttpProbe,
    PolicyBundle,
    RepositoryPolicy,
    StagePolicy,
)

pytestmark = pytest.mark.requirement("R5")
SHOP = RepositoryPolicy(
    repository="shop", ref="refs/heads/main", environment="staging", production=False, checks=("tests",),
    verification=(), boundary=("ci",),
)  # fmt: skip
LIVE = StagePolicy(
    stage="live", repository="shop", environment="production", production=True, soak_seconds=300,
    verification=(HttpProbe(url="http://127.0.0.1:1/", status=200, body_contains="", within_seconds=1),),
)  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"repository": "pay"}, {"soak_seconds": 301}, {"soak_seconds": -1}, {"stage": "a..b"}, {"stage": "x.lock"},
        {"stage": "-live"}, {"stage": "Live"}, {"stage": "a/b"}, {"stage": ""},
        {"system": "db"}, {"document": "a.sql"}, {"secret": "s"}, {"system": "db", "secret": "s"},
        *({"system": "db", "document": path} for path in ("", "/a", "a/", "../a", "a/../b", "a//b", ".", "a/.", "a b", "a\n")),
        {"target": "follow"}, {"target": "web", "system": "db", "document": "a.sql"},
    ],
)  # fmt: skip
def test_what_cannot_be_a_stage_makes_the_policy_unusable(wrong: dict[str, object]) -> None:
    verify_stages((LIVE,), (SHOP,))
    with pytest.raises(Refused) as refused:
        verify_stages((msgspec.structs.replace(LIVE, **wrong),), (SHOP,))
    assert refused.value.code == "MAG-E108"


def test_a_system_has_one_stage_for_each_thing_that_is_done_there() -> None:
    """Its ref is the one order of its changes."""
    grants = msgspec.structs.replace(LIVE, stage="grants", system="db", document="a.sql")
    secret = msgspec.structs.replace(grants, stage="secret", document="a.toml", secret="password")
    verify_stages((LIVE, grants, secret), (SHOP,))
    for one in (grants, secret):
        with pytest.raises(Refused) as refused:
            verify_stages((grants, secret, msgspec.structs.replace(one, stage="again")), (SHOP,))
        assert refused.value.code == "MAG-E108"


def test_a_stage_twice_or_changes_that_land_on_one_make_it_unusable() -> None:
    for stages, repository in (
        ((LIVE, LIVE), SHOP), ((LIVE,), msgspec.structs.replace(SHOP, ref="refs/heads/stages/live")),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            verify_stages(stages, (repository,))
        assert refused.value.code == "MAG-E108"


def test_the_place_of_a_deployment_is_the_stage_with_the_checks_of_the_repository() -> None:
    place = staged(SHOP, LIVE)
    assert (place.ref, place.environment, place.production) == ("refs/heads/stages/live", "production", True)
    assert (place.checks, place.verification, place.boundary) == (("tests",), LIVE.verification, ())


def test_a_repository_goes_to_its_environment_and_those_of_its_stages(tmp_path) -> None:
    other = msgspec.structs.replace(LIVE, stage="canary", environment="staging", production=False)
    policy = make_deployment(tmp_path / "home", stages=(LIVE, other), production=False).trusted_policy()
    assert policy.environments("shop") == ("staging", "production")
    with pytest.raises(Refused):
        policy.stage("shop", "nowhere")


def bundle(estate: Estate | None) -> PolicyBundle:
    return PolicyBundle(
        version=1, previous=None, schema="", policies=(), commands=(), estate=estate,
        repositories=(msgspec.structs.replace(SHOP, boundary=()),), stages=(LIVE,),
    )  # fmt: skip


@pytest.mark.requirement("R67")
def test_a_stage_is_weak_by_itself_where_it_is_production_or_shares_an_account() -> None:
    undeclared = bundle(None)
    assert (weak_places(undeclared)["shop"], len(weak_stages(undeclared)["shop", "live"])) == ((), 1)
    actors = tuple(EstateActor(kind=ActorKind.WORKLOAD, name=name, acts_as=("deployer",)) for name in ("ci", "cron"))
    reaches = EstatePrincipal(name="deployer", becomes=(), reaches=("environment:production",))
    shared = bundle(Estate(actors=actors, principals=(reaches,)))
    assert weak_places(shared)["shop"] == ()
    assert "shared account" in weak_stages(shared)["shop", "live"][0]
    assert weak_stages(bundle(Estate(actors=(), principals=())))["shop", "live"] == ()
