"""A change of entitlements from its draft to a real database, through every process, and what drifted (R5, R57, R58)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.casework import CaseWorld, git
from world.postgres_grants import SCHEMAS, Store
from world.postgres_leases import GROUP, Shop
from world.staging import brought

from magistrate.bootstrap.executor_systems import places_of
from magistrate.domain.entitlements import text_of
from magistrate.domain.stages import stage_ref
from magistrate.executor.credentials.postgres_entitlements import read_entitlements
from magistrate.settings import load_settings
from magistrate.wire.policy_bundle import HttpProbe, StagePolicy

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R5", "R50", "R57", "R58")]
REF, DOCUMENT = stage_ref("orders"), "db/grants.sql"
FIRST = "GRANT SELECT, UPDATE ON TABLE store.price TO clerk;\n"
NARROWER = "GRANT SELECT ON TABLE store.price TO clerk;\n"


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    made = Shop(None)
    yield made
    made.server.remove()


@pytest.fixture(scope="module")
def ground(shop: Shop) -> Store:
    return Store(shop)


class Orders:
    """A deployment whose stage `orders` is a database with the entitlements of FIRST; then NARROWER landed."""

    def __init__(self, folder: Path, store: Store, probe: str = "") -> None:
        self.store, shop = store.open(), store.shop
        for right in ("select", "update"):
            shop.sql(f"set role {GROUP}; grant {right} on store.price to clerk; reset role")
        probes = (HttpProbe(url=probe, status=200, body_contains="ok", within_seconds=1),) if probe else ()
        stage = StagePolicy(
            stage="orders", repository="shop", environment="data", production=False, verification=probes,
            system="orders-db", document=DOCUMENT,
        )  # fmt: skip
        self.world = CaseWorld(folder, stages=(stage,))
        with (self.world.home / "magistrate.toml").open("a") as out:
            out.write(shop.settings("orders-db", schemas=SCHEMAS))
        self.world.seed({DOCUMENT: FIRST})
        self.bare = Path(self.world.repositories.git_dir("shop"))
        self.first = git("commit-tree", "main^{tree}", "-m", "what it gives away", cwd=self.bare).strip()
        git("update-ref", REF, self.first, cwd=self.bare)
        self.world.seed({DOCUMENT: NARROWER})

    def given(self) -> str:
        place = places_of(load_settings(self.world.home))["orders-db"]
        return text_of(frozenset(read_entitlements(place, SCHEMAS)))

    def recorded(self) -> str:
        return git("show", f"{REF}:{DOCUMENT}", cwd=self.bare)


def test_the_database_gives_away_what_was_agreed_and_nothing_of_it_stands(tmp_path: Path, ground: Store) -> None:
    orders = Orders(tmp_path, ground)
    assert orders.given() == FIRST
    told = brought(orders.world, "orders", "data")
    assert told["case"]["state"] == "SUCCEEDED", (told["case"], told["log"])
    assert "permissions" in told["case"]["class"]
    assert told["missing"] == []
    assert (orders.given(), orders.recorded()) == (NARROWER, NARROWER)
    assert ground.shop.roles() == []
    message = git("log", "-1", "--format=%B", REF, cwd=orders.bare)
    assert "Give orders-db the entitlements of" in message
    log = ground.shop.log()
    assert "create role" in log.lower()
    assert "SCRAM-SHA-256$" in log


def test_a_database_that_drifted_is_left_alone(tmp_path: Path, ground: Store) -> None:
    orders = Orders(tmp_path, ground)
    ground.shop.sql(f"set role {GROUP}; grant delete on store.price to auditor; reset role")
    drifted = orders.given()
    told = brought(orders.world, "orders", "data")
    assert told["case"]["state"] == "FAILED", (told["case"], told["log"])
    assert "MAG-E403" in told["log"]
    assert "it has also GRANT DELETE ON TABLE store.price TO auditor;" in told["log"]
    assert (orders.given(), orders.recorded(), ground.shop.roles()) == (drifted, FIRST, [])


def test_what_does_not_verify_is_given_back(tmp_path: Path, ground: Store) -> None:
    orders = Orders(tmp_path, ground, probe="http://127.0.0.1:9/")
    told = brought(orders.world, "orders", "data")
    assert told["case"]["state"] == "ROLLED_BACK", (told["case"], told["log"])
    assert (orders.given(), orders.recorded(), ground.shop.roles()) == (FIRST, FIRST, [])
    assert git("rev-list", "--count", REF, cwd=orders.bare).strip() == "3"
